//! A call of a pod to a host: the address it goes to, and what it says first.
//!
//! Knows nothing of where the call ends. Writes no messages.

use std::net::{IpAddr, Ipv4Addr};

use egress_core::istio::call::Speaks;
use egress_core::istio::protocol::PortProtocol;
use egress_istio::service_entry::ServiceEntrySpec;
use ipnet::IpNet;
use serde::Serialize;

/// An address that no object names: where a host is whose address nobody told.
pub(crate) const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 250));

/// The kinds of bytes between which Istio's rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SpokenProtocol {
    /// Plain HTTP.
    Http,
    /// TLS.
    Tls,
    /// Anything else over TCP.
    Tcp,
}

impl SpokenProtocol {
    /// What an application speaks on a port that is declared so.
    pub(crate) fn of(declared: PortProtocol) -> Self {
        match declared {
            PortProtocol::Unsaid => SpokenProtocol::Http,
            _ if declared.is_http() => SpokenProtocol::Http,
            _ if declared.is_tls() => SpokenProtocol::Tls,
            _ => SpokenProtocol::Tcp,
        }
    }

    /// The first bytes of a call to a host.
    pub(crate) fn speaks(self, host: &str, port: u16) -> Speaks {
        match self {
            SpokenProtocol::Http if port == 80 => Speaks::Http { authority: host.to_owned() },
            SpokenProtocol::Http => Speaks::Http { authority: format!("{host}:{port}") },
            SpokenProtocol::Tls => Speaks::Tls { server_name: Some(host.to_owned()) },
            SpokenProtocol::Tcp => Speaks::Bytes,
        }
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            SpokenProtocol::Http => "HTTP",
            SpokenProtocol::Tls => "TLS",
            SpokenProtocol::Tcp => "TCP",
        }
    }
}

/// The first address of a ServiceEntry; of a range its first one.
pub(crate) fn address_of(entry: &ServiceEntrySpec) -> Option<IpAddr> {
    let first =
        |text: &String| text.parse().ok().or_else(|| text.parse().ok().map(|range: IpNet| range.addr()));
    entry.addresses.iter().flatten().find_map(first)
}
