//! How calls to a host travel: every way that a call takes, hop by hop, with the objects that decide, and why it ends.
//!
//! The ways are those of [`egress_core::istio::simulation`]; no proxy is asked. Not followed, and said so: calls that an
//! EnvoyFilter may move, and waypoints behind gateways. Makes no findings, and knows nothing of layout.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::istio::call::Refusal;
use serde::Serialize;

use crate::finding::Place;
pub use crate::traffic::host_call::SpokenProtocol;

mod ambient_callers;
mod ambient_ways;
mod called_ports;
mod callers;
mod entry_calls;
mod follow;
mod hops;
mod host_calls;
mod limits;
mod losers;
mod only_rule;
mod reasons;
mod uncaptured;
mod unsure;
mod ways;

pub(crate) use self::entry_calls::EntryCall;
pub(crate) use self::follow::follow;
pub use self::host_calls::HostCalls;
pub(crate) use self::host_calls::host_calls;

/// A host whose calls are to be followed.
#[derive(Clone, Debug)]
pub struct HostToFollow {
    /// The host.
    pub host: DnsName,
    /// The ports that were asked for; empty for all that the host has.
    pub ports: Vec<(u16, SpokenProtocol)>,
}

/// Calls to one port of a host, from callers whose calls take the same ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowedCall {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: SpokenProtocol,
    /// Whether an object that the callers see names the host itself.
    pub is_mentioned: bool,
    /// Whether the callers are in ambient mode: the ztunnel of their node takes the calls, no sidecar.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_ambient: bool,
    /// The callers: of each namespace one pod for each Sidecar and each set of traffic annotations that its pods have; in
    /// ambient mode one for each service account.
    pub callers: Vec<CallingPod>,
    /// The ways; several where routes have weights.
    #[serde(rename = "paths")]
    pub ways: Vec<CallWay>,
}

/// A pod that stands for all of its namespace with the same Sidecar and traffic annotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallingPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
}

/// One way of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallWay {
    /// How it ends.
    pub result: WayResult,
    /// The same in words.
    pub summary: String,
    /// The gateway that it leaves through, or that refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayName>,
    /// Where it leaves for or arrives: `edition.cnn.com:443`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Which objects and settings decided, and which lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// The AuthorizationPolicies of the gateway: whether they allow the call is not computed here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub may_be_refused_by: Vec<Place>,
    /// The proxies on the way, the caller's first; none where that one refuses the call or never gets it.
    pub hops: Vec<WayHop>,
}

/// How a way ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WayResult {
    /// It leaves the mesh from a gateway.
    ThroughGateway,
    /// It leaves the mesh from the caller's pod.
    Directly,
    /// It reaches a pod that is no gateway.
    InCluster,
    /// A proxy answers or refuses it.
    Refused,
}

/// What one proxy does with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WayHop {
    /// The pods of the gateway or waypoint, `namespace/name`, that all do the same; none for the caller's own proxy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<String>,
    /// The port of these pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The server of a Gateway object that takes the call; none where several may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Place>,
    /// The VirtualService that decides, with the rule where only one leads to the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Place>,
    /// Envoy's cluster; none where the proxy refuses the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The ServiceEntry or Service that the cluster is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Place>,
    /// The DestinationRule of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Place>,
    /// The TLS that the proxy opens; none where it passes on what it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<OpenedTls>,
}

/// TLS that a proxy opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenedTls {
    /// Mutual TLS with the certificates of the mesh.
    pub is_mesh: bool,
    /// The SNI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// Calls that were not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnfollowedCall {
    /// The host.
    pub host: String,
    /// The callers' namespace; none for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The port; none for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Why.
    pub because: String,
    /// The kinds of facts that were not given, if that is the reason.
    #[serde(skip)]
    pub inputs: BTreeSet<Input>,
    /// Whether the reason is that nobody calls.
    #[serde(skip)]
    pub is_without_caller: bool,
}

/// What became of following calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followed {
    pub(crate) calls: Vec<FollowedCall>,
    pub(crate) unfollowed: Vec<UnfollowedCall>,
}

impl FollowedCall {
    /// The objects on its ways, so that their file and line can be added.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.ways.iter_mut().flat_map(|way| {
            let of_hops = way.hops.iter_mut().flat_map(|hop| {
                let WayHop { server, route, service, rule, .. } = hop;
                [server, route, service, rule].into_iter().flatten()
            });
            of_hops.chain(&mut way.may_be_refused_by)
        })
    }
}
