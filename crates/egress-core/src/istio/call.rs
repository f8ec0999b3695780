//! One call of one pod, and what becomes of it: the words in which a simulation of istiod and a real configuration of
//! Envoy answer the same question.
//!
//! Knows nothing of how the answer is found.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A call as it leaves the application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The calling pod: `namespace/name`.
    pub caller: String,
    /// The address it connects to: what the application's name resolution gave.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// What it says first.
    pub speaks: Speaks,
}

/// What is spoken on a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Speaks {
    /// HTTP without TLS: `GET /` with this `Host` header, which has a port where the call's is not 80.
    Http {
        /// The header.
        authority: String,
    },
    /// TLS.
    Tls {
        /// The server name of the `ClientHello`; none where an address was called.
        server_name: Option<String>,
    },
    /// Bytes that are neither; also where the server speaks first. Then, on a port without a declared protocol, a proxy waits
    /// for the client for ever: that is not followed.
    Bytes,
}

/// One way that a call takes; a call with weighted routes or several gateway pods has several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// The proxies that it went through, the caller's first.
    pub hops: Vec<Hop>,
    /// Where it ended.
    pub end: End,
}

/// What one proxy did with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// The pod of the proxy: `namespace/name`.
    pub proxy: String,
    /// The VirtualService whose rule chose the cluster: `namespace/name`; none where no rule did.
    pub route: Option<String>,
    /// The name of the cluster in Envoy: `outbound|80|mtls|egress.istio-system.svc.cluster.local`.
    pub cluster: String,
    /// The namespace of the Service or ServiceEntry that the cluster was made of; none for istiod's own clusters.
    pub service_namespace: Option<String>,
    /// The DestinationRule that the cluster obeys: `namespace/name`; none where there is none. Of merged rules the oldest.
    pub rule: Option<String>,
    /// The TLS that the proxy puts around the connection; none where it sends on what it got.
    pub tls: Option<Tls>,
}

/// TLS that a proxy opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// With the certificates of the mesh.
    pub is_mesh: bool,
    /// The server name that is sent.
    pub server_name: Option<String>,
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// It leaves the last proxy for an address outside the mesh.
    Leaves {
        /// The address, or the name that the proxy resolves; the call's own address where the proxy keeps it.
        to: String,
        /// The port.
        port: u16,
    },
    /// It reaches a pod that is no gateway.
    Arrives {
        /// The pod: `namespace/name`, or its address where no pod has it.
        pod: String,
        /// The port of the pod.
        port: u16,
    },
    /// The last proxy refuses it.
    Refused(Refusal),
    /// The objects do not tell: a service decides, or something that is not known here.
    Undecided,
}

/// Why a proxy does not pass a call on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// A sidecar under `REGISTRY_ONLY` knows nothing of it: 502, or a reset where it is not HTTP.
    Blocked,
    /// Nothing listens on the port: the connection is refused.
    NoListener,
    /// No filter chain takes the connection: it is reset.
    NoFilterChain,
    /// No route takes the request: 404.
    NoRoute,
    /// The route leads to a cluster that does not exist: 503, or a reset.
    NoCluster,
    /// The cluster has no endpoint: 503, or a reset.
    NoEndpoint,
    /// The proxy expects other bytes than come: HTTP where TLS comes, or the reverse.
    OtherProtocol,
    /// A rule answers in place of the destination, with this status: a fixed answer or a redirect.
    Answered(u16),
    /// An `AuthorizationPolicy` does not let it pass: 403, or a reset.
    ByPolicy,
    /// It goes in a circle.
    Loop,
}

impl Call {
    /// The host that a request names; none where it is no request.
    pub fn host(&self) -> Option<&str> {
        let Speaks::Http { authority } = &self.speaks else { return None };
        let port = format!(":{}", self.port);
        Some(authority.strip_suffix(&port).unwrap_or(authority))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { caller, address, port, speaks } = self;
        let port = match address {
            IpAddr::V4(address) => format!("{address}:{port}"),
            IpAddr::V6(address) => format!("[{address}]:{port}"),
        };
        match speaks {
            Speaks::Http { authority } => write!(formatter, "{caller} calls {port} for http://{authority}/"),
            Speaks::Tls { server_name: Some(name) } => {
                write!(formatter, "{caller} calls {port} with TLS for {name}")
            }
            Speaks::Tls { server_name: None } => {
                write!(formatter, "{caller} calls {port} with TLS without a name")
            }
            Speaks::Bytes => write!(formatter, "{caller} calls {port}"),
        }
    }
}
