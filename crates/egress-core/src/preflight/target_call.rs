//! A call of a host on a port, as an application makes it.
//!
//! Knows what is said first. Does not know who calls.

use std::net::{IpAddr, Ipv4Addr};

use crate::istio::call::{Call, Speaks};
use crate::istio::protocol::PortProtocol;
use crate::port::Protocol;

/// Where a host is whose address nobody told: an address that no object names.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 250));

/// What is called, without a caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetCall {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) kind: Spoken,
    /// The address that an entry gives the host.
    pub(super) address: Option<IpAddr>,
}

/// What is spoken on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spoken {
    Http,
    Tls,
    Tcp,
}

impl Spoken {
    /// By what a port of ours is declared as.
    pub(super) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http => Spoken::Http,
            Protocol::Tls => Spoken::Tls,
        }
    }

    /// By what a port of an entry is declared as.
    pub(super) fn of_port(protocol: PortProtocol) -> Self {
        match protocol {
            _ if protocol.is_tls() => Spoken::Tls,
            _ if protocol.is_http() => Spoken::Http,
            _ => Spoken::Tcp,
        }
    }

    /// Its name in sentences.
    pub(super) fn word(self) -> &'static str {
        match self {
            Spoken::Http => "HTTP",
            Spoken::Tls => "TLS",
            Spoken::Tcp => "TCP",
        }
    }
}

impl TargetCall {
    /// The call of this pod: `namespace/name`.
    pub(super) fn by(&self, caller: &str) -> Call {
        let TargetCall { host, port, kind, address } = self;
        let speaks = match kind {
            Spoken::Http if *port == 80 => Speaks::Http { authority: host.clone() },
            Spoken::Http => Speaks::Http { authority: format!("{host}:{port}") },
            Spoken::Tls => Speaks::Tls { server_name: Some(host.clone()) },
            Spoken::Tcp => Speaks::Bytes,
        };
        Call { caller: caller.to_owned(), address: address.unwrap_or(ANYWHERE), port: *port, speaks }
    }

    /// `TLS calls from shop to edition.cnn.com:443`.
    pub(super) fn words(&self, namespace: &str) -> String {
        format!("{} calls from `{namespace}` to `{}:{}`", self.kind.word(), self.host, self.port)
    }
}

/// A name below a wildcard, or the host itself; none for all hosts.
pub(super) fn callable(host: &str) -> Option<String> {
    match host.strip_prefix('*') {
        None => Some(host.to_owned()),
        Some(tail) if tail.len() > 1 => Some(format!("some{tail}")),
        Some(_) => None,
    }
}
