//! What came of a call: where it arrived, by the records of those who got it, or how it was refused.

use std::fmt;
use std::net::IpAddr;

use anyhow::Context as _;
use egress_core::istio::call::Speaks;
use testbed::external_services::record::{Event, RecordLine};

use super::super::harness::{BARE, BILLING, GATEWAYS, Mesh, SHOP, now_ms};
use super::{call::SampleCall, servers::PodServers};

/// How a call ended, as far as the ends of the connection can see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SampleEnd {
    /// It arrived at the origin.
    Origin {
        /// From this pod: `namespace/name`.
        from: String,
        port: u16,
    },
    /// It arrived at a pod of the mesh.
    Pod { pod: String, port: u16, in_mesh_mtls: bool },
    /// A proxy answered.
    Status(u16),
    /// A proxy closed the connection without an answer.
    Closed,
    /// Nobody took the connection.
    NotTaken,
    /// Nobody said anything, and the connection stayed.
    Silence,
}

impl SampleEnd {
    /// Which sort of end it is.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Origin { from, .. } if from.starts_with("istio-system/") => {
                "origin, from a gateway".to_owned()
            }
            Self::Origin { .. } => "origin, directly".to_owned(),
            Self::Pod { in_mesh_mtls: true, .. } => "pod, in mTLS".to_owned(),
            Self::Pod { .. } => "pod".to_owned(),
            Self::Status(_) | Self::Closed | Self::NotTaken | Self::Silence => self.to_string(),
        }
    }
}

/// Makes a call and sees what comes of it.
pub(super) fn make(mesh: &Mesh, servers: &PodServers, call: &SampleCall) -> anyhow::Result<SampleEnd> {
    let (before, before_in_pods) = (mesh.arrived()?.len(), servers.arrived()?);
    let begin = now_ms();
    let output = call.command(mesh)?.output()?;
    // Proxies try again: of the call before, a record may come late.
    let is_of_this = |line: &&RecordLine| line.at_ms >= begin;
    let arrived = mesh.arrived()?.split_off(before);
    if let Some((peer, port)) = arrived.iter().filter(is_of_this).map(peer_and_port).next_back() {
        return Ok(SampleEnd::Origin { from: name(mesh, peer)?, port });
    }
    for (server, before) in servers.arrived()?.into_iter().zip(before_in_pods) {
        if let Some(line) = server.lines.iter().skip(before.lines.len()).find(is_of_this) {
            let in_mesh_mtls =
                matches!(&line.event, Event::Connection(connection) if is_of_mesh(connection.sni.as_deref()));
            let (pod, (_, port)) = (server.pod.to_string(), peer_and_port(line));
            return Ok(SampleEnd::Pod { pod, port, in_mesh_mtls });
        }
    }
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let code = output.status.code().context("ended by a signal")?;
    if call.call.speaks == Speaks::Bytes {
        // An HTTP server of Envoy answers to what is no HTTP.
        let status = printed.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        return Ok(match (code, status) {
            (_, Some(status)) => SampleEnd::Status(status),
            (7, _) => SampleEnd::NotTaken,
            (9, _) => SampleEnd::Silence,
            _ => SampleEnd::Closed,
        });
    }
    let status = printed.rsplit_once('\n').and_then(|(_, status)| status.parse().ok()).unwrap_or(0);
    Ok(match (code, status) {
        (_, 1..) => SampleEnd::Status(status),
        (7, _) => SampleEnd::NotTaken,
        (28, _) => SampleEnd::Silence,
        _ => SampleEnd::Closed,
    })
}

fn peer_and_port(line: &RecordLine) -> (IpAddr, u16) {
    match &line.event {
        Event::Connection(connection) => (connection.peer, connection.port),
        Event::Request(request) => (request.peer, request.port),
    }
}

/// What sidecars send as the server name of their own TLS: `outbound_.8443_._.web.shop.svc.cluster.local`.
fn is_of_mesh(server_name: Option<&str>) -> bool {
    server_name.is_some_and(|name| name.starts_with("outbound_."))
}

fn name(mesh: &Mesh, peer: IpAddr) -> anyhow::Result<String> {
    for pod in GATEWAYS.into_iter().chain([SHOP, BILLING, BARE]) {
        if mesh.address(pod)? == peer {
            return Ok(pod.to_string());
        }
    }
    Ok(peer.to_string())
}

impl fmt::Display for SampleEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin { from, port } => write!(formatter, "origin:{port} from {from}"),
            Self::Pod { pod, port, in_mesh_mtls } => {
                write!(formatter, "{pod}:{port}{}", if *in_mesh_mtls { " in mTLS" } else { "" })
            }
            Self::Status(status) => write!(formatter, "{status}"),
            Self::Closed => write!(formatter, "closed"),
            Self::NotTaken => write!(formatter, "connection refused"),
            Self::Silence => write!(formatter, "silence"),
        }
    }
}
