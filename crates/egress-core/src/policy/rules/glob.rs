//! Host globs: `api.acme.com`, `*.acme.com`, `*`, each with or without `:port`.
//!
//! Knows how one is written and what it matches. Knows no policy.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::host::{DnsName, Host, printable};

/// Hosts, and perhaps one port of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostGlob {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hosts {
    /// `*`
    Every,
    /// `*.acme.com`: one label or more in front, never the name itself.
    Below(DnsName),
    /// `api.acme.com`, or an address.
    One(Host),
}

/// Why a text is not a host glob.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GlobError {
    /// The part before the port.
    #[error("expected a host, `*.` and a host, or `*`, found `{found}`: {why}")]
    Host {
        /// The text.
        found: String,
        /// What a host may not be.
        why: String,
    },
    /// The part after the colon.
    #[error("expected a port from 1 to 65535 after `:`, found `{0}`")]
    Port(String),
}

impl HostGlob {
    /// Whether a destination is one of them. The host is in lower case, as every parsed host is.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
            && match &self.hosts {
                Hosts::Every => true,
                Hosts::Below(name) => host
                    .strip_suffix(name.as_str())
                    .and_then(|front| front.strip_suffix('.'))
                    .is_some_and(|front| !front.is_empty()),
                Hosts::One(one) => one.to_string() == host,
            }
    }

    /// Whether it is `*`, or `*:port`.
    pub fn is_every_host(&self) -> bool {
        self.hosts == Hosts::Every
    }
}

impl FromStr for HostGlob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        // The last colon of an address without brackets is none of ours.
        let bare_address = text.parse::<std::net::Ipv6Addr>().is_ok();
        let (hosts, port) = match text.rsplit_once(':') {
            Some((hosts, port)) if !bare_address && !port.ends_with(']') => (hosts, Some(port)),
            _ => (text, None),
        };
        let port = port.map(parse_port).transpose()?;
        if hosts == "*" {
            return Ok(HostGlob { hosts: Hosts::Every, port });
        }
        let hosts = match Host::parse(hosts) {
            Ok(Host::Wildcard(name)) => Hosts::Below(name),
            Ok(host) => Hosts::One(host),
            Err(error) => return Err(GlobError::Host { found: printable(hosts), why: error.to_string() }),
        };
        Ok(HostGlob { hosts, port })
    }
}

impl fmt::Display for HostGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.hosts, self.port) {
            (Hosts::Every, _) => formatter.write_str("*"),
            (Hosts::Below(name), _) => write!(formatter, "*.{name}"),
            (Hosts::One(Host::Address(std::net::IpAddr::V6(address))), Some(_)) => {
                write!(formatter, "[{address}]")
            }
            (Hosts::One(host), _) => host.fmt(formatter),
        }?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl Serialize for HostGlob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn parse_port(text: &str) -> Result<u16, GlobError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u16>().ok().filter(|number| digits && *number > 0);
    number.ok_or_else(|| GlobError::Port(printable(text)))
}
