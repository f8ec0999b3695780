//! Data that a check of Envoys needs and that does not exist yet, with messages for one and for many.
//!
//! Does not know which checks need it.

use std::fmt;

/// The missing data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// A ready pod with a sidecar in a caller namespace.
    Client {
        /// The namespace.
        namespace: String,
    },
    /// A route of a host to the gateway's Service.
    RouteToGateway {
        /// The host.
        host: String,
    },
    /// A route of a host at the gateway.
    RouteAtGateway {
        /// The host.
        host: String,
    },
    /// A connection from a gateway pod to a host.
    Connection {
        /// The pod.
        pod: String,
        /// The host.
        host: String,
    },
    /// The cluster of a host in a gateway pod's Envoy.
    Cluster {
        /// The pod.
        pod: String,
        /// The host.
        host: String,
    },
    /// An address of a host at the gateway.
    Address {
        /// The host.
        host: String,
    },
    /// The counter of connections that were closed in use.
    Counter {
        /// The pod whose Envoy does not count them.
        pod: String,
    },
    /// Certificates in an Envoy.
    Certificates {
        /// The pod.
        pod: String,
    },
    /// The namespaces that an Envoy's clusters come from.
    Owners {
        /// The pod.
        pod: String,
    },
    /// A configuration of istiod that an Envoy accepts.
    Configuration {
        /// The pod.
        pod: String,
    },
}

impl Awaited {
    /// The reason without the host, the pod or the namespace: equal for all of one kind.
    pub fn for_many(&self) -> &'static str {
        match self {
            Awaited::Client { .. } => "the namespace of the caller has no ready pod with a sidecar",
            Awaited::RouteToGateway { .. } => "no object routes the host to the gateway",
            Awaited::RouteAtGateway { .. } => "no object routes the host at the gateway",
            Awaited::Connection { .. } => "the gateway has not connected to the host yet",
            Awaited::Cluster { .. } => "the gateway has no cluster of the host yet",
            Awaited::Address { .. } => "the gateway has no address of the host yet",
            Awaited::Counter { .. } => "the gateway's Envoys do not count it",
            Awaited::Certificates { .. } => "the gateway's Envoys do not show their certificates",
            Awaited::Owners { .. } => {
                "the gateway's Envoys do not say which namespace their clusters come from"
            }
            Awaited::Configuration { .. } => "the gateway's Envoys reject istiod's configuration",
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Awaited::Client { namespace } => {
                write!(formatter, "namespace {namespace} has no ready pod with a sidecar")
            }
            Awaited::RouteToGateway { host } => write!(formatter, "no object routes {host} to the gateway"),
            Awaited::RouteAtGateway { host } => write!(formatter, "no object routes {host} at the gateway"),
            Awaited::Connection { pod, host } => {
                write!(formatter, "gateway pod {pod} has not connected to {host} yet")
            }
            Awaited::Cluster { pod, host } => {
                write!(formatter, "gateway pod {pod} has no cluster of {host} yet")
            }
            Awaited::Address { host } => write!(formatter, "the gateway has no address of {host} yet"),
            Awaited::Counter { pod } => write!(formatter, "Envoy of pod {pod} does not count it"),
            Awaited::Certificates { pod } => {
                write!(formatter, "Envoy of pod {pod} does not show its certificates")
            }
            Awaited::Owners { pod } => {
                write!(formatter, "Envoy of pod {pod} does not say which namespace its clusters come from")
            }
            Awaited::Configuration { pod } => {
                write!(formatter, "Envoy of pod {pod} rejects istiod's configuration")
            }
        }
    }
}
