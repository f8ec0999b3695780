//! What was asked for: one host, for the callers of one namespace, through one gateway.
//!
//! Everything in it is parsed. Knows nothing of what already exists.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::host::{DnsName, Host, printable};
use crate::names;
use crate::port::{Port, Protocol};

/// One egress as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The host outside the mesh.
    pub host: DnsName,
    /// Its ports, at least one.
    pub ports: BTreeSet<Port>,
    /// The namespace whose pods call out; the host's objects live there.
    pub namespace: String,
    /// The gateway Service the calls leave by.
    pub gateway: GatewayName,
    /// Which objects are written.
    pub layout: Layout,
    /// How HTTP travels from the sidecar to the gateway.
    pub hop: GatewayTls,
    /// Who may use the egress: `.` (the namespace itself), namespaces, or `*`.
    pub export_to: Vec<String>,
    /// Why it was asked for, in the words of the one who asked.
    pub reason: Option<String>,
}

/// A gateway's Service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GatewayName {
    /// The namespace of the Service and its pods.
    pub namespace: String,
    /// The name of the Service.
    pub service: String,
}

/// Which objects make an egress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One static pair per gateway, four create-only objects per host.
    #[default]
    Shared,
    /// The four objects of Istio's own egress gateway task, all in the callers' namespace.
    Documented,
    /// The callers' entry has the gateway as its endpoint: no object leads outside of the mesh by itself.
    Endpoints,
}

/// How HTTP travels from the sidecar to the gateway: what `--hop` says. TLS of the application is passed through in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayTls {
    /// Inside mesh mTLS: the gateway knows the caller.
    Mtls,
    /// As the application sent it.
    Plain,
}

/// Why a text is not a gateway, a layout or a hop.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected {expected}, found `{found}`")]
pub struct WordError {
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Intent {
    /// The base name of the host's objects.
    pub fn base_name(&self) -> String {
        names::base(&Host::Name(self.host.clone()))
    }

    /// The ports on which this protocol is spoken, in order of number.
    pub fn ports_of(&self, protocol: Protocol) -> impl Iterator<Item = Port> + '_ {
        self.ports.iter().copied().filter(move |port| port.protocol == protocol)
    }
}

impl GatewayName {
    /// The Service's full name in the mesh, such as `istio-egressgateway.istio-system.svc.cluster.local`.
    pub fn service_host(&self, cluster_domain: &str) -> String {
        // Asked for every destination of every route: `format!` costs several times as much.
        [&self.service, ".", &self.namespace, ".svc.", cluster_domain].concat()
    }
}

impl FromStr for GatewayName {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match text.split_once('/') {
            Some((namespace, service)) if is_label(namespace) && is_label(service) => {
                Ok(GatewayName { namespace: namespace.to_owned(), service: service.to_owned() })
            }
            _ => Err(WordError {
                expected: "NAMESPACE/NAME of a gateway Service".to_owned(),
                found: printable(text),
            }),
        }
    }
}

/// Whether a text is a DNS-1123 label: what Kubernetes takes as the name of a namespace or Service.
pub fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl fmt::Display for GatewayName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.service)
    }
}

impl TryFrom<String> for GatewayName {
    type Error = WordError;

    fn try_from(text: String) -> Result<Self, WordError> {
        text.parse()
    }
}

impl From<GatewayName> for String {
    fn from(name: GatewayName) -> Self {
        name.to_string()
    }
}

impl FromStr for Layout {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let found = Layout::ALL.into_iter().find(|layout| layout.word() == text);
        found.ok_or_else(|| {
            let words = Layout::ALL.map(|layout| format!("`{}`", layout.word()));
            WordError { expected: format!("layout {}", words.join(" or ")), found: printable(text) }
        })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl FromStr for GatewayTls {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match text {
            "mtls" => Ok(GatewayTls::Mtls),
            "plain" => Ok(GatewayTls::Plain),
            _ => Err(WordError { expected: "hop `mtls` or `plain`".to_owned(), found: printable(text) }),
        }
    }
}

impl GatewayTls {
    /// As it is written: `mtls`.
    pub fn word(self) -> &'static str {
        match self {
            GatewayTls::Mtls => "mtls",
            GatewayTls::Plain => "plain",
        }
    }
}

impl fmt::Display for GatewayTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
