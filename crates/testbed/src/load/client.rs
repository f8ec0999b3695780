//! One request on a connection of its own: the system's resolver, TCP, TLS where the URL says so, HTTP/1.1.
//!
//! It knows nothing of rates or of other requests: there is no pool and no retry.

use std::{fs, io, net::IpAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::HOST,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::sample::Sample;
use crate::json_lines::now_ms;

/// What every request of a load has in common.
#[derive(Clone)]
pub(super) struct LoadClient {
    tls: TlsConnector,
    limit: Duration,
}

impl LoadClient {
    /// A client that trusts the authorities of a PEM file, or none, and gives up after `limit`.
    pub(super) fn new(authorities: Option<&Path>, limit: Duration) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = authorities {
            let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                roots.add(certificate.with_context(|| format!("no certificate: {}", path.display()))?)?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), limit })
    }

    /// Gets `target` once, and says what became of it.
    pub(super) async fn get(&self, target: &LoadTarget) -> Sample {
        let at_ms = now_ms();
        let (answer, error) = match timeout(self.limit, self.answer(target)).await {
            Ok(Ok(answer)) => (Some(answer), None),
            Ok(Err(error)) => (None, Some(reason(&error))),
            Err(_) => (None, Some(io::ErrorKind::TimedOut.to_string())),
        };
        Sample {
            at_ms,
            done_ms: now_ms(),
            target: target.url.to_string(),
            status: answer.as_ref().map(|answer| answer.status.as_u16()),
            peer: answer.and_then(|answer| answer.peer),
            error,
        }
    }

    async fn answer(&self, target: &LoadTarget) -> anyhow::Result<CallResponse> {
        let stream = TcpStream::connect((target.host.as_str(), target.port)).await?;
        match &target.tls {
            Some(name) => exchange(self.tls.connect(name.clone(), stream).await?, target).await,
            None => exchange(stream, target).await,
        }
    }
}

/// A URL, taken apart once for all its requests.
#[derive(Debug, Clone)]
pub(super) struct LoadTarget {
    url: Url,
    host: String,
    port: u16,
    uri: Uri,
    authority: String,
    tls: Option<ServerName<'static>>,
}

impl LoadTarget {
    /// What is written of a request that was due and found too many others unanswered.
    pub(super) fn unsent(&self) -> Sample {
        let at_ms = now_ms();
        Sample {
            at_ms,
            done_ms: at_ms,
            target: self.url.to_string(),
            status: None,
            peer: None,
            error: Some("not sent: too many requests in flight".to_owned()),
        }
    }
}

impl TryFrom<Url> for LoadTarget {
    type Error = anyhow::Error;

    fn try_from(url: Url) -> anyhow::Result<Self> {
        let host = match url.host().with_context(|| format!("{url} has no host"))? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = match url.scheme() {
            "http" => None,
            "https" => Some(ServerName::try_from(host.clone())?),
            other => anyhow::bail!("expected an http or https URL, found {other}: {url}"),
        };
        Ok(Self {
            port: url.port_or_known_default().with_context(|| format!("{url} has no port"))?,
            uri: url[Position::BeforePath..Position::AfterQuery].parse()?,
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            host,
            tls,
            url,
        })
    }
}

struct CallResponse {
    status: StatusCode,
    peer: Option<IpAddr>,
}

/// The part of the origin's answer that a load wants to know.
#[derive(Deserialize)]
struct OriginResponse {
    peer: IpAddr,
}

async fn exchange<S>(stream: S, target: &LoadTarget) -> anyhow::Result<CallResponse>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut answer = pin!(async move {
        let request =
            Request::get(target.uri.clone()).header(HOST, &target.authority).body(Empty::<Bytes>::new())?;
        read(sender.send_request(request).await?).await
    });
    // The connection moves the bytes. However it ends, the answer knows what was received.
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}

async fn read(response: Response<Incoming>) -> anyhow::Result<CallResponse> {
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let peer = (status == StatusCode::OK)
        .then(|| serde_json::from_slice::<OriginResponse>(&body).ok())
        .flatten()
        .map(|origin| origin.peer);
    Ok(CallResponse { status, peer })
}

/// Why there was no answer, in words that can be counted: nothing in them differs between two requests.
fn reason(error: &anyhow::Error) -> String {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find(|cause| cause.raw_os_error().is_some())
        .map_or_else(|| error.root_cause().to_string(), |cause| cause.kind().to_string())
}
