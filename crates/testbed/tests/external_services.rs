//! The services outside the mesh, on loopback: what they answer and what they write down.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_server::proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use testbed::external_services::{
    Config, ExternalServices,
    record::{Event, RecordLine, RecordedRequest, read_entries},
    zone::Zone,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::TlsConnector;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_origin_reports_peer_host_path_and_headers_and_drops_none_of_a_repeated_one() {
    let (services, config, _folder) = start().await;
    let head = "POST /a?b=c HTTP/1.1\r\nHost: edition.cnn.com\r\nX-Two: 1\r\nX-Two: 2\r\n";
    let seen = request(TcpStream::connect(services.http[0]).await.unwrap(), head).await;

    assert_eq!(seen.peer, LOCAL);
    assert_eq!((seen.tls, seen.sni.as_deref()), (false, None));
    assert_eq!(seen.host.as_deref(), Some("edition.cnn.com"));
    assert_eq!(seen.port, services.http[0].port());
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/a?b=c"));
    assert_eq!(seen.headers["x-two"], "1, 2");

    let entries = read_entries(&config.record).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(&entries[0].event, Event::Connection(connection) if connection.peer == LOCAL));
    assert_eq!(entries[1].event, Event::Request(seen));
}

#[tokio::test]
async fn any_server_name_gets_a_certificate_that_the_written_authority_vouches_for() {
    let (services, config, _folder) = start().await;
    for name in ["edition.cnn.com", "a.b.example.test", "127.0.0.1"] {
        let stream = handshake(services.https[0], name, roots(&config)).await.unwrap();
        let seen = request(stream, &format!("GET / HTTP/1.1\r\nHost: {name}\r\n")).await;
        assert!(seen.tls);
        // A client that connects to an address sends no server name.
        assert_eq!(seen.sni.as_deref(), (name != "127.0.0.1").then_some(name));
    }
}

#[tokio::test]
async fn a_failed_handshake_is_recorded_with_its_server_name_and_its_reason() {
    let (services, config, _folder) = start().await;
    handshake(services.https[0], "edition.cnn.com", RootCertStore::empty()).await.unwrap_err();

    let entry = first_entry(&config).await;
    let Event::Connection(connection) = entry.event else { panic!("a request: {entry:?}") };
    assert_eq!(connection.sni.as_deref(), Some("edition.cnn.com"));
    assert!(connection.error.unwrap().contains("UnknownCA"));
}

#[tokio::test]
async fn an_echo_port_sends_back_what_it_gets() {
    let (services, _config, _folder) = start().await;
    let mut stream = TcpStream::connect(services.echo[0]).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, "hello");
}

#[tokio::test]
async fn a_greeting_port_speaks_first_and_sends_back_what_it_gets() {
    let (services, _config, _folder) = start().await;
    let mut stream = TcpStream::connect(services.greeting[0]).await.unwrap();
    let mut greeting = [0; 11];
    timeout(PATIENCE, stream.read_exact(&mut greeting)).await.unwrap().unwrap();
    assert_eq!(&greeting, b"220 ready\r\n");
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, "hello");
}

#[tokio::test]
async fn slow_and_stream_still_answer_with_one_json_value() {
    let (services, _config, _folder) = start().await;
    for path in ["/slow?ms=20", "/stream?seconds=0", "/stream?seconds=1"] {
        let stream = TcpStream::connect(services.http[0]).await.unwrap();
        let seen = request(stream, &format!("GET {path} HTTP/1.1\r\nHost: h\r\n")).await;
        assert_eq!(seen.path, path);
    }
}

#[tokio::test]
async fn a_zone_that_changes_is_answered_at_once_over_udp_and_tcp() {
    let (services, config, _folder) = start().await;
    let first = (ResponseCode::NoError, vec![Ipv4Addr::LOCALHOST]);
    assert_eq!(ask_udp(services.dns, "Edition.CNN.com.", RecordType::A).await, first);
    assert_eq!(ask_tcp(services.dns, "edition.cnn.com.", RecordType::A).await, first);

    let addresses = vec![Ipv4Addr::new(192, 0, 2, 7), Ipv4Addr::new(192, 0, 2, 8)];
    let names = BTreeMap::from([("edition.cnn.com".to_owned(), addresses.clone())]);
    Zone { names, ..Zone::default() }.save(&config.zone).unwrap();

    let second = (ResponseCode::NoError, addresses);
    assert_eq!(ask_udp(services.dns, "edition.cnn.com.", RecordType::A).await, second);
    assert_eq!(ask_tcp(services.dns, "edition.cnn.com.", RecordType::A).await, second);
}

#[tokio::test]
async fn an_answer_is_remembered_as_long_as_the_zone_says() {
    let (services, config, _folder) = start().await;
    let ttls = BTreeMap::from([("edition.cnn.com".to_owned(), 5)]);
    Zone { default: Some(vec![Ipv4Addr::LOCALHOST]), ttl: 30, ttls, ..Zone::default() }
        .save(&config.zone)
        .unwrap();

    for (name, ttl) in [("edition.cnn.com.", 5), ("example.test.", 30)] {
        let answer = ask(services.dns, name, RecordType::A).await;
        assert_eq!(answer.answers.iter().map(|record| record.ttl).collect::<Vec<_>>(), [ttl], "{name}");
    }
}

#[tokio::test]
async fn many_queries_at_once_are_all_answered() {
    let (services, _config, _folder) = start().await;
    let query = query("edition.cnn.com.", RecordType::A);
    let mut sockets = Vec::new();
    for _ in 0..4 {
        // The server runs on this thread: it reads nothing before all queries wait.
        let socket = std::net::UdpSocket::bind((LOCAL, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        for _ in 0..100 {
            socket.send_to(&query, services.dns).unwrap();
        }
        sockets.push(UdpSocket::from_std(socket).unwrap());
    }

    for socket in sockets {
        for _ in 0..100 {
            timeout(PATIENCE, socket.recv(&mut [0; 512])).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_name_without_an_ipv6_address_exists_and_a_missing_one_does_not() {
    let (services, _config, _folder) = start().await;
    let empty = (ResponseCode::NoError, vec![]);
    let missing = (ResponseCode::NXDomain, vec![]);
    assert_eq!(ask_udp(services.dns, "edition.cnn.com.", RecordType::AAAA).await, empty);
    for name in ["gone.example.test.", "edition-cnn-com.shop.egress.internal.", "web."] {
        assert_eq!(ask_udp(services.dns, name, RecordType::A).await, missing, "{name}");
        assert_eq!(ask_udp(services.dns, name, RecordType::AAAA).await, missing, "{name}");
    }
}

/// Services on free ports of the loopback address; the folder lives as long as the caller keeps it.
async fn start() -> (ExternalServices, Config, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        origin: LOCAL,
        http: vec![0],
        https: vec![0],
        echo: vec![0],
        greeting: vec![0],
        dns: (LOCAL, 0).into(),
        ..Config::in_directory(folder.path())
    };
    let zone = Zone {
        names: BTreeMap::from([("edition.cnn.com".to_owned(), vec![Ipv4Addr::LOCALHOST])]),
        nxdomain: ["gone.example.test".to_owned()].into(),
        default: Some(vec![Ipv4Addr::LOCALHOST]),
        ..Zone::default()
    };
    zone.save(&config.zone).unwrap();
    (ExternalServices::start(&config).await.unwrap(), config, folder)
}

/// Sends a request whose head lacks only its end, and understands the answer's body.
async fn request<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, head: &str) -> RecordedRequest {
    // HTTP/1.0 semantics of the body spare the test a parser: it ends with the connection, unchunked.
    let head = head.replace("HTTP/1.1", "HTTP/1.0");
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (status, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(status.starts_with("HTTP/1.0 200 OK"), "{status}");
    serde_json::from_str(body).unwrap()
}

async fn handshake(
    address: SocketAddr,
    name: &str,
    roots: RootCertStore,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn roots(config: &Config) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&config.authority).unwrap()).unwrap();
    roots
}

/// The record's first line, which the origin may write a moment after the client knows of the end.
async fn first_entry(config: &Config) -> RecordLine {
    let first = async {
        loop {
            match read_entries(&config.record).unwrap().into_iter().next() {
                Some(entry) => return entry,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    timeout(PATIENCE, first).await.unwrap()
}

async fn ask_udp(server: SocketAddr, name: &str, kind: RecordType) -> (ResponseCode, Vec<Ipv4Addr>) {
    understand(&ask(server, name, kind).await)
}

async fn ask(server: SocketAddr, name: &str, kind: RecordType) -> Message {
    let socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    socket.send_to(&query(name, kind), server).await.unwrap();
    let mut answer = [0; 512];
    let length = timeout(PATIENCE, socket.recv(&mut answer)).await.unwrap().unwrap();
    Message::from_vec(&answer[..length]).unwrap()
}

async fn ask_tcp(server: SocketAddr, name: &str, kind: RecordType) -> (ResponseCode, Vec<Ipv4Addr>) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let query = query(name, kind);
    stream.write_u16(query.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&query).await.unwrap();
    let length = timeout(PATIENCE, stream.read_u16()).await.unwrap().unwrap();
    let mut answer = vec![0; length.into()];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    understand(&Message::from_vec(&answer).unwrap())
}

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

fn understand(message: &Message) -> (ResponseCode, Vec<Ipv4Addr>) {
    let addresses = message.answers.iter().map(|record| {
        assert_eq!(record.ttl, 1);
        match &record.data {
            RData::A(address) => address.0,
            other => panic!("not an address: {other:?}"),
        }
    });
    (message.metadata.response_code, addresses.collect())
}
