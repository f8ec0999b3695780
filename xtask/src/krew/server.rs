//! The files of one folder over HTTP on loopback: krew fetches archives from addresses only.
//!
//! Knows nothing of what the files are.

use std::{
    convert::Infallible,
    fs, future, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, body::Bytes, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::runtime::{self, Runtime};

/// A server that ends with this value.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Its connections end with it.
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves the files of `folder`, at any free port.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(folder: PathBuf) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port on loopback")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(accept(listener, folder));
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// The address of the folder.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, folder: PathBuf) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let folder = folder.clone();
        let service =
            service_fn(move |request| future::ready(Ok::<_, Infallible>(answer(&folder, &request))));
        // A client that goes away has seen enough.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(folder: &Path, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let name = request.uri().path().trim_start_matches('/');
    // One folder, and nothing above it or below.
    let file =
        if name.contains('/') || name.starts_with('.') { None } else { fs::read(folder.join(name)).ok() };
    let found = file.is_some();
    let mut response = Response::new(Full::from(file.unwrap_or_default()));
    if !found {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
