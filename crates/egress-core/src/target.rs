//! One HOST argument: a host with the ports that the text asks for.
//!
//! Knows the forms a person types (`edition.cnn.com`, `host:8443/TLS`, URLs). Knows nothing of where they go.

use std::collections::BTreeSet;
use std::str::FromStr;

use thiserror::Error;
use url::Url;

use crate::host::{DnsName, Host, HostError, printable};
use crate::port::{Port, PortError, Protocol};

/// A host outside the mesh and the ports to open to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host, a single DNS name.
    pub host: DnsName,
    /// At least one port.
    pub ports: BTreeSet<Port>,
}

/// Why a HOST argument was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// The host part is wrong.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The port part is wrong.
    #[error("host `{host}`: {error}")]
    Port {
        /// The host part.
        host: String,
        /// What is wrong with the port.
        error: PortError,
    },
    /// A wildcard: understood, not carried.
    #[error("wildcard host `{0}` is not supported: a gateway must know each host that it resolves")]
    Wildcard(String),
    /// An address: understood, not carried.
    #[error(
        "address `{0}` is not supported: a gateway routes by host name or SNI, and an address has neither"
    )]
    Address(String),
    /// A URL scheme this tool does not carry.
    #[error("scheme `{0}` is not supported; expected `http` or `https`")]
    Scheme(String),
    /// A URL with a user or a password in it.
    #[error("the URL contains a user name or password; expected `scheme://host[:port]`")]
    Credentials,
    /// A path, query or anything else after a host without a scheme.
    #[error("expected HOST, HOST:PORT, HOST:PORT/PROTOCOL or a URL, found `{0}`")]
    Form(String),
}

impl Target {
    /// A host whose ports are told apart from it.
    ///
    /// # Errors
    /// [`TargetError`] for anything but a single DNS name.
    pub fn with_ports(host: &str, ports: &BTreeSet<Port>) -> Result<Self, TargetError> {
        Ok(Target { host: single_name(host)?, ports: ports.clone() })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.contains("://") {
            return from_url(text);
        }
        if text.contains('@') {
            return Err(TargetError::Credentials);
        }
        let (host, port) = split_port(text);
        if host.contains('/') || port.is_some_and(|port| port.starts_with('/')) {
            return Err(TargetError::Form(printable(text)));
        }
        let host_name = single_name(host)?;
        let ports = match port {
            None => BTreeSet::from([Port::HTTP, Port::TLS]),
            Some(port) => {
                let error = |error| TargetError::Port { host: printable(host), error };
                BTreeSet::from([port.parse().map_err(error)?])
            }
        };
        Ok(Target { host: host_name, ports })
    }
}

/// What follows the last colon is a port, unless the colon is inside an IPv6 address.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if text.starts_with('[') {
        return match text.split_once("]:") {
            Some((_, port)) => (&text[..text.len() - port.len() - 1], Some(port)),
            None => (text, None),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

fn from_url(text: &str) -> Result<Target, TargetError> {
    let scheme = text.split("://").next().unwrap_or_default().to_ascii_lowercase();
    let protocol = match scheme.as_str() {
        "http" => Protocol::Http,
        "https" => Protocol::Tls,
        _ => return Err(TargetError::Scheme(printable(&scheme))),
    };
    let authority =
        text.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(TargetError::Credentials);
    }
    let (host, port) = split_port(authority);
    let host_name = single_name(host)?;
    let number = match port {
        None | Some("") => Url::parse(text)
            .ok()
            .and_then(|url| url.port_or_known_default())
            .ok_or_else(|| TargetError::Form(printable(text)))?,
        Some(digits) => digits.parse().map_err(|_| TargetError::Port {
            host: printable(host),
            error: PortError::Number(digits.to_owned()),
        })?,
    };
    let port =
        Port::new(number, protocol).map_err(|error| TargetError::Port { host: printable(host), error })?;
    Ok(Target { host: host_name, ports: BTreeSet::from([port]) })
}

fn single_name(text: &str) -> Result<DnsName, TargetError> {
    match Host::parse(text)? {
        Host::Name(name) => Ok(name),
        wildcard @ Host::Wildcard(_) => Err(TargetError::Wildcard(wildcard.to_string())),
        address @ Host::Address(_) => Err(TargetError::Address(address.to_string())),
    }
}
