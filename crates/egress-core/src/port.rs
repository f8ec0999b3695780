//! Ports of a host and what is spoken on them.
//!
//! Knows the protocol words of Istio's ServiceEntry that this tool carries. Knows nothing of gateways.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::host::quoted;

/// What the application speaks on a port, in the words of `ServiceEntry.spec.ports[].protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Plain HTTP from the application: routed by host name, may travel in mesh mTLS to the gateway.
    Http,
    /// TLS from the application: routed by SNI, stays encrypted end to end.
    Tls,
}

/// One port of a host with its protocol; written `443/TLS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Port {
    /// The number, 1 to 65535.
    pub number: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// Why a text is not a port.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PortError {
    /// Not a number from 1 to 65535.
    #[error("expected a port from 1 to 65535, found {}", quoted(.0))]
    Number(String),
    /// A protocol that exists nowhere, or that this tool does not carry yet.
    #[error("expected protocol HTTP or TLS, found {}", quoted(.0))]
    Protocol(String),
    /// A number that does not tell its protocol.
    #[error("port {0} needs a protocol; expected `{0}/TLS` or `{0}/HTTP`")]
    Ambiguous(u16),
    /// A port that the sidecar itself listens on: istiod drops such a listener.
    #[error("port {0} belongs to the sidecar itself; Istio drops a ServiceEntry port of that number")]
    Reserved(u16),
}

impl Port {
    /// 80/HTTP, what `http://` means.
    pub const HTTP: Port = Port { number: 80, protocol: Protocol::Http };
    /// 443/TLS, what `https://` means.
    pub const TLS: Port = Port { number: 443, protocol: Protocol::Tls };

    /// A port of which the protocol is known.
    ///
    /// # Errors
    /// [`PortError`] for 0 and for ports of the sidecar itself.
    pub fn new(number: u16, protocol: Protocol) -> Result<Self, PortError> {
        // `pilot/pkg/networking/core/listener.go` in istio/istio: these conflict with static listeners.
        const SIDECAR: [u16; 8] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15090];
        match number {
            0 => Err(PortError::Number("0".to_owned())),
            reserved if SIDECAR.contains(&reserved) => Err(PortError::Reserved(reserved)),
            number => Ok(Port { number, protocol }),
        }
    }

    /// The name a ServiceEntry port gets: `http`, `tls`, or with the number where a second one exists.
    pub fn name(self) -> String {
        match self {
            Port::HTTP => "http".to_owned(),
            Port::TLS => "tls".to_owned(),
            Port { number, protocol: Protocol::Http } => format!("http-{number}"),
            Port { number, protocol: Protocol::Tls } => format!("tls-{number}"),
        }
    }
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let (number, protocol) = match text.split_once('/') {
            Some((number, protocol)) => (number, Some(protocol.parse()?)),
            None => (text, None),
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u16 =
            number.parse().ok().filter(|_| digits).ok_or_else(|| PortError::Number(number.to_owned()))?;
        let protocol = match (protocol, number) {
            (Some(protocol), _) => protocol,
            (None, 80) => Protocol::Http,
            (None, 443) => Protocol::Tls,
            (None, 0) => return Err(PortError::Number("0".to_owned())),
            (None, other) => return Err(PortError::Ambiguous(other)),
        };
        Port::new(number, protocol)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.protocol)
    }
}

impl TryFrom<String> for Port {
    type Error = PortError;

    fn try_from(text: String) -> Result<Self, PortError> {
        text.parse()
    }
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        port.to_string()
    }
}

impl FromStr for Protocol {
    type Err = PortError;

    /// `HTTPS` and `TLS` mean the same for traffic that is passed through.
    fn from_str(text: &str) -> Result<Self, PortError> {
        match text.to_ascii_uppercase().as_str() {
            "HTTP" => Ok(Protocol::Http),
            "TLS" | "HTTPS" => Ok(Protocol::Tls),
            _ => Err(PortError::Protocol(text.to_owned())),
        }
    }
}

impl Protocol {
    /// As it is written: `TLS`.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Http => "HTTP",
            Protocol::Tls => "TLS",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
