//! The DNS server: the zone over UDP and TCP. Knows the protocol through hickory, and no names of its own.

use std::{iter, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use hickory_server::{
    Server,
    net::runtime::Time,
    proto::{
        op::{Header, HeaderCounts, Metadata, OpCode, ResponseCode},
        rr::{RData, Record, RecordType, rdata::A},
    },
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::MessageResponseBuilder,
};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};
use tokio::net::UdpSocket;

use super::{bind, zone::ZoneFile};

/// How long a TCP client may stay silent.
const IDLE: Duration = Duration::from_secs(10);
/// Answers that may wait for a slow TCP client.
const BUFFERED_ANSWERS: usize = 32;
/// Bytes of queries over UDP that may wait. An Envoy asks for all its names at once, and a query that finds no room is lost
/// until it is sent again, seconds later. The usual 208 KiB are room for 256 queries.
const WAITING_QUERIES: usize = 4 << 20;

/// A name server that listens and does not answer yet.
pub(super) struct NameServer {
    /// Where it listens, over UDP and TCP.
    pub(super) address: SocketAddr,
    server: Server<Handler>,
}

impl NameServer {
    /// Opens the sockets; port 0 takes one port that is free for both.
    pub(super) async fn bind(address: SocketAddr, zone: ZoneFile) -> anyhow::Result<Self> {
        let listener = bind(address).await?;
        let address = listener.local_addr()?;
        let socket =
            UdpSocket::bind(address).await.with_context(|| format!("cannot listen on {address} over UDP"))?;
        // Only root may exceed the machine's limit; others get as much as it allows.
        set_socket_recv_buffer_size_force(&socket, WAITING_QUERIES)
            .or_else(|_| set_socket_recv_buffer_size(&socket, WAITING_QUERIES))?;
        let mut server = Server::new(Handler { zone });
        server.register_listener(listener, IDLE, BUFFERED_ANSWERS);
        server.register_socket(socket);
        Ok(Self { address, server })
    }

    /// Keeps the server alive until the task is dropped.
    pub(super) async fn serve(mut self) {
        // It ends only by being dropped: errors of single sockets are logged by the library.
        let _ = self.server.block_until_done().await;
    }
}

struct Handler {
    zone: ZoneFile,
}

#[async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        metadata.recursion_available = true;
        let answers = match answers(&self.zone, request) {
            Ok(answers) => answers,
            Err(code) => {
                metadata.response_code = code;
                vec![]
            }
        };
        let response = MessageResponseBuilder::from_message_request(request).build(
            metadata,
            &answers,
            iter::empty(),
            iter::empty(),
            iter::empty(),
        );
        match response_handle.send_response(response).await {
            Ok(info) => info,
            // The client is gone; the library only wants to know what was meant.
            Err(_) => {
                ResponseInfo::from(Header { metadata: request.metadata, counts: HeaderCounts::default() })
            }
        }
    }
}

/// The A records of the name that was asked for; any other type has none.
fn answers(zone: &ZoneFile, request: &Request) -> Result<Vec<Record>, ResponseCode> {
    if request.metadata.op_code != OpCode::Query {
        return Err(ResponseCode::NotImp);
    }
    let query = request.request_info().map_err(|_| ResponseCode::FormErr)?.query;
    let name = query.name().to_string();
    let name = name.trim_end_matches('.');
    let zone = zone.current();
    let addresses = zone.addresses(name).ok_or(ResponseCode::NXDomain)?;
    if query.query_type() != RecordType::A {
        return Ok(vec![]);
    }
    let ttl = zone.ttl(name);
    let record = |address| Record::from_rdata(query.name().into(), ttl, RData::A(A(address)));
    Ok(addresses.iter().copied().map(record).collect())
}
