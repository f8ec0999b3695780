//! What to do about an error of the libraries: its exit code and a hint with something to type.
//!
//! Written for `kubectl egress`; the caller puts in the real name.

use egress_core::host::HostError;
use egress_core::port::PortError;
use egress_core::target::TargetError;

use super::Code;

/// The exit code and the hint of an error that does not carry them itself.
pub(super) fn of(_error: &anyhow::Error) -> (Code, Option<String>) {
    (Code::Failed, None)
}

/// What to type instead of a HOST that was refused.
pub fn target(error: &TargetError) -> String {
    match error {
        TargetError::Host(error) => host(error),
        TargetError::Port { host, error } => port(host, error),
        TargetError::Wildcard(_) => "name each host: `www.example.com api.example.com`".to_owned(),
        TargetError::Address(_) => "name the host that the application calls: `edition.cnn.com`".to_owned(),
        TargetError::Scheme(_) => "type `https://HOST`, or `HOST:PORT/TLS`".to_owned(),
        TargetError::Credentials => "leave out the user and password: `https://edition.cnn.com`".to_owned(),
        TargetError::Form(_) => {
            "type `edition.cnn.com`, `edition.cnn.com:8443/TLS` or `https://edition.cnn.com`".to_owned()
        }
    }
}

fn host(error: &HostError) -> String {
    match error {
        HostError::SingleLabel(name) => format!("type the full name, such as `{name}.example.com`"),
        HostError::Internal { .. } => {
            "calls to Services need no egress; type a host outside the mesh: `edition.cnn.com`".to_owned()
        }
        HostError::ForbiddenAddress { .. } => "type a host outside the mesh: `edition.cnn.com`".to_owned(),
        HostError::Wildcard(_) => "name each host: `www.example.com api.example.com`".to_owned(),
        _ => "type a host such as `edition.cnn.com`".to_owned(),
    }
}

fn port(host: &str, error: &PortError) -> String {
    match error {
        PortError::Ambiguous(number) => format!("type `{host}:{number}/TLS` or `{host}:{number}/HTTP`"),
        PortError::Reserved(_) => {
            "a host on this port cannot be called through a sidecar; use another port".to_owned()
        }
        PortError::Number(_) | PortError::Protocol(_) => format!("type `{host}:443/TLS`"),
    }
}
