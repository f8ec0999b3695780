//! A probe: one marked request from a client pod, and where it went.
//!
//! Knows what to send ([`plan`]), how to read an access log ([`access`]) and what the result is ([`verdict`]). Does
//! no I/O.

use egress_core::port::Port;
use egress_core::snapshot::PodFacts;
use serde::Serialize;

use crate::finding::Confidence;

pub mod access;
pub mod answer;
mod counts;
pub mod plan;
pub mod verdict;

/// The result of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// The host that was called.
    pub host: String,
    /// The port that was called.
    pub port: Port,
    /// The pod that sent it.
    pub client: ProbePod,
    /// The mark that it carried.
    pub token: String,
    /// Where it went.
    pub result: ProbeResult,
    /// Where it was lost; only for [`ProbeResult::Lost`].
    #[serde(rename = "hop", skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<ProbePoint>,
    /// The pod from which it left the mesh; not for [`ProbeResult::Lost`] and [`ProbeResult::NotProven`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_from: Option<ProbePod>,
    /// Whether an access log shows the request itself. Counters also count other calls.
    pub confidence: Confidence,
    /// The reason in words.
    pub because: String,
    /// The facts that were read, one each.
    pub evidence: Vec<String>,
    /// The status that the client got; none without a readable response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Where a request can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProbeResult {
    /// It left through a gateway.
    Proven,
    /// It left from the client's own pod.
    LeftDirectly,
    /// A gateway sent it to another destination than the egress specifies.
    Diverted,
    /// It was lost before it left the mesh.
    #[serde(rename = "vanished")]
    Lost,
    /// Unknown: logs and counters do not show it.
    NotProven,
}

/// Where a request can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProbePoint {
    /// Before the sidecar saw it.
    Client,
    /// The sidecar did not pass it on.
    Sidecar,
    /// Between the sidecar and the gateway.
    ToGateway,
    /// The gateway did not pass it on.
    Gateway,
    /// Between the gateway and the host.
    FromGateway,
}

/// A pod on the path of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbePod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The node it runs on, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

impl ProbePoint {
    /// The words after «vanished».
    pub fn wording(self) -> &'static str {
        match self {
            ProbePoint::Client => "before the client's sidecar",
            ProbePoint::Sidecar => "at the client's sidecar",
            ProbePoint::ToGateway => "between the client's sidecar and the gateway",
            ProbePoint::Gateway => "at the gateway",
            ProbePoint::FromGateway => "between the gateway and the host",
        }
    }
}

impl ProbePod {
    /// A pod of the cluster.
    pub fn of(pod: &PodFacts) -> Self {
        ProbePod { namespace: pod.namespace.clone(), name: pod.name.clone(), node: pod.node.clone() }
    }
}

impl std::fmt::Display for ProbePod {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "pod/{} in namespace {}", self.name, self.namespace)?;
        self.node.as_ref().map_or(Ok(()), |node| write!(formatter, " on node {node}"))
    }
}
