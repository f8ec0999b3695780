//! A server in front of the API server that sees each request, and decides what becomes of it.
//!
//! It shows the API server's own certificate, so clients of the bed trust it, and passes their tokens on. It knows HTTP; it
//! knows nothing of Kubernetes. [`super::faulty`] is the one that knows bytes only.

use std::{
    future::pending,
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client, server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::{net::TcpStream, sync::oneshot, task::JoinSet};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{handle::Bed, layout::CONTROL_PLANE, netns};

/// Where the API server listens.
const API_SERVER: u16 = 6443;

/// A request as the server in front sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterceptedRequest {
    /// Its place among all requests of the server, from 1.
    pub number: usize,
    /// Such as `PATCH`.
    pub method: String,
    /// The path and the query.
    pub target: String,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intercept {
    /// The API server answers.
    Pass,
    /// It never reaches the API server, and has no answer.
    HoldBefore,
    /// The API server answers, and the answer is kept back.
    HoldAfter,
    /// It never reaches the API server, and the connection ends.
    CutBefore,
    /// The API server answers, and the connection ends without the answer.
    CutAfter,
    /// The server in front answers: a status, headers and a body.
    Answer(u16, &'static [(&'static str, &'static str)], String),
}

/// A server in front of the API server. It ends when it is dropped.
#[derive(Debug)]
pub struct InterceptingServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<InterceptedRequest>>>,
    met: Arc<AtomicUsize>,
    /// The server runs until this is gone.
    _end: oneshot::Sender<()>,
}

/// Decides about each request.
type Decide = dyn Fn(&InterceptedRequest) -> Intercept + Send + Sync;

impl Bed {
    /// Puts a server in front of the API server, in the same network. `decide` is asked about each request.
    ///
    /// # Errors
    /// Where the bed is not up.
    pub fn intercepting_api_server(
        &self,
        decide: impl Fn(&InterceptedRequest) -> Intercept + Send + Sync + 'static,
    ) -> anyhow::Result<InterceptingServer> {
        let network = self.layout.control_plane();
        let listener = netns::inside(&network, || TcpListener::bind((CONTROL_PLANE, 0)))??;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (seen, met) = (Arc::default(), Arc::default());
        let interceptor = Arc::new(Interceptor {
            tls: tls(&self.layout.file("certificates"))?,
            seen: Arc::clone(&seen),
            met: Arc::clone(&met),
            decide: Box::new(decide),
        });
        let (end, ended) = oneshot::channel();
        // Of a server that does not come up its clients say so.
        thread::spawn(move || netns::inside(&network, || serve(listener, &interceptor, ended)));
        Ok(InterceptingServer { address, seen, met, _end: end })
    }
}

impl InterceptingServer {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<InterceptedRequest> {
        lock(&self.seen).clone()
    }

    /// How many requests have met something else than [`Intercept::Pass`]. Those that are answered first count once their
    /// answer is there.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

struct Interceptor {
    tls: (TlsAcceptor, TlsConnector),
    seen: Arc<Mutex<Vec<InterceptedRequest>>>,
    met: Arc<AtomicUsize>,
    decide: Box<Decide>,
}

fn serve(
    listener: TcpListener,
    interceptor: &Arc<Interceptor>,
    mut ended: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut ended => return Ok(()),
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    let interceptor = Arc::clone(interceptor);
                    // How a connection ends is its client's to say.
                    connections.spawn(async move { interceptor.connection(stream).await });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    })
}

impl Interceptor {
    async fn connection(self: Arc<Self>, stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let stream = self.tls.0.accept(stream).await?;
        let service = service_fn(|request| self.answer(request));
        let served = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        Ok(served.with_upgrades().await?)
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> anyhow::Result<Response<BoxBody<Bytes, hyper::Error>>> {
        let decision = (self.decide)(&self.note(&request));
        match decision {
            Intercept::Pass => self.forward(request).await,
            Intercept::HoldBefore => {
                self.meet();
                pending().await
            }
            Intercept::HoldAfter => {
                self.forward(request).await?.into_body().collect().await?;
                self.meet();
                pending().await
            }
            Intercept::CutBefore => {
                self.meet();
                bail!("cut before {}", request.uri())
            }
            Intercept::CutAfter => {
                let cut = format!("cut after {}", request.uri());
                self.forward(request).await?.into_body().collect().await?;
                self.meet();
                bail!(cut)
            }
            Intercept::Answer(status, headers, body) => {
                self.meet();
                let mut answer = Response::builder().status(status);
                for (name, value) in headers {
                    answer = answer.header(*name, *value);
                }
                Ok(answer.body(Full::from(body).map_err(|never| match never {}).boxed())?)
            }
        }
    }

    fn note(&self, request: &Request<Incoming>) -> InterceptedRequest {
        let mut seen = lock(&self.seen);
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let noted =
            InterceptedRequest { number: seen.len() + 1, method: request.method().to_string(), target };
        seen.push(noted.clone());
        noted
    }

    fn meet(&self) {
        self.met.fetch_add(1, Ordering::SeqCst);
    }

    /// Asks the API server, on a connection of its own.
    async fn forward(
        &self,
        mut request: Request<Incoming>,
    ) -> anyhow::Result<Response<BoxBody<Bytes, hyper::Error>>> {
        let stream = TcpStream::connect((CONTROL_PLANE, API_SERVER)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(CONTROL_PLANE.to_string())?;
        let stream = self.tls.1.connect(name, stream).await?;
        let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let of_client = hyper::upgrade::on(&mut request);
        let mut answer = sender.send_request(request).await?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let of_server = hyper::upgrade::on(&mut answer);
            tokio::spawn(async move {
                let (client, server) = tokio::try_join!(of_client, of_server).map_err(io::Error::other)?;
                tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await
            });
        }
        Ok(answer.map(BodyExt::boxed))
    }
}

/// Shows the certificate of the API server, and trusts it.
fn tls(certificates: &Path) -> anyhow::Result<(TlsAcceptor, TlsConnector)> {
    let certificate = |name: &str| {
        CertificateDer::from_pem_file(certificates.join(name))
            .with_context(|| format!("no certificate {name}"))
    };
    let key = PrivateKeyDer::from_pem_file(certificates.join("kube-apiserver.key"))?;
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate("kube-apiserver.crt")?], key)?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.crt")?)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client))))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
