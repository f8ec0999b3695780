//! Accepting connections: each is recorded, then spoken to in its port's protocol.
//!
//! Knows TCP and TLS; what an HTTP request is answered with is the origin's business.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{ServerConfig, server::Acceptor};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    origin,
    record::{Connection, Event, RecordFile},
};
use crate::json_lines::now_ms;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What a server says that speaks first, as mail servers do.
const GREETING: &[u8] = b"220 ready\r\n";
/// The pause after a failed accept, which is a lack of file descriptors that time may cure.
const BREATH: Duration = Duration::from_millis(50);

/// What is spoken on a port.
#[derive(Debug, Clone)]
pub(super) enum Protocol {
    /// HTTP in the clear.
    Http,
    /// HTTP inside TLS.
    Https(Arc<ServerConfig>),
    /// Every byte comes back.
    Echo,
    /// The server speaks first; then every byte comes back.
    Greeting,
}

/// Serves every connection of `listener` until the task is dropped, and all connections with it.
pub(super) async fn accept(listener: TcpListener, protocol: Protocol, record: Arc<RecordFile>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer, protocol.clone(), Arc::clone(&record)));
                }
                Err(_) => sleep(BREATH).await,
            },
            // A client that resets its connection is an ordinary end: there is nobody left to tell.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    protocol: Protocol,
    record: Arc<RecordFile>,
) -> anyhow::Result<()> {
    let at_ms = now_ms();
    let mut connection = Connection {
        peer: peer.ip(),
        port: stream.local_addr()?.port(),
        tls: matches!(protocol, Protocol::Https(_)),
        sni: None,
        error: None,
    };
    let config = match protocol {
        Protocol::Https(config) => config,
        Protocol::Http => {
            record.add(at_ms, Event::Connection(connection.clone()))?;
            return serve_http(stream, connection, record).await;
        }
        Protocol::Echo => {
            record.add(at_ms, Event::Connection(connection))?;
            return echo(stream).await;
        }
        Protocol::Greeting => {
            record.add(at_ms, Event::Connection(connection))?;
            let mut stream = stream;
            stream.write_all(GREETING).await?;
            return echo(stream).await;
        }
    };
    let handshake = timeout(HANDSHAKE, handshake(stream, config, &mut connection.sni)).await;
    match handshake.unwrap_or_else(|late| Err(late.into())) {
        Ok(stream) => {
            record.add(at_ms, Event::Connection(connection.clone()))?;
            serve_http(stream, connection, record).await
        }
        Err(error) => {
            connection.error = Some(error.to_string());
            Ok(record.add(at_ms, Event::Connection(connection))?)
        }
    }
}

/// Reads the server name before anything can fail: it is recorded of failed handshakes as well.
async fn handshake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    sni: &mut Option<String>,
) -> io::Result<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    *sni = start.client_hello().server_name().map(str::to_owned);
    start.into_stream(config).await
}

async fn serve_http<S>(stream: S, connection: Connection, record: Arc<RecordFile>) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| origin::answer(request, &connection, &record));
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

async fn echo(mut stream: TcpStream) -> anyhow::Result<()> {
    let (mut reader, mut writer) = stream.split();
    tokio::io::copy(&mut reader, &mut writer).await?;
    Ok(())
}
