//! Every pod that can bypass the gateways, and why: only the network can block that.
//!
//! Istio enforces nothing here. Knows pods, namespaces, outbound modes and NetworkPolicies; firewalls and a network plugin's
//! own kinds of policies are not seen, and neither is whether the plugin enforces anything.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::index::Index;
use egress_core::input::Input;
use egress_core::snapshot::{OutboundMode, PodFacts};
use egress_core::visibility::sidecar::{outbound_mode, sidecar_for};
use serde::Serialize;

use crate::facts::{ClusterFacts, Request, is_gateway_pod};
use crate::istio::capture::{ExcludedTraffic, capture_exclusions};
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::kubernetes::network_policy::{EgressVerdict, egress_verdict};
use crate::kubernetes::workload::PodOwner;
use crate::path::{NamespaceCalls, caller_namespaces, paths};

mod wording;

/// The version of [`Bypass`] as a document.
pub const API_VERSION: &str = crate::report::API_VERSION;
/// The kind of [`Bypass`] as a document.
pub const KIND: &str = "EgressBypass";

/// The table, by namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bypass {
    /// The version of this document.
    pub api_version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// The namespaces with such pods, in order of name.
    pub namespaces: Vec<NamespaceBypass>,
    /// What could not be read, so that pods may be missing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Input>,
}

/// The pods of one namespace that can bypass the gateways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceBypass {
    /// The namespace.
    pub namespace: String,
    /// Whether its pods call hosts through a gateway: a bypass matters most there.
    pub calls: bool,
    /// Its pods, by workload and reasons.
    pub rows: Vec<WorkloadBypass>,
}

/// Pods of one workload that can bypass the gateways for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadBypass {
    /// The workload.
    pub workload: PodOwner,
    /// How many of its pods.
    pub pods: usize,
    /// Why.
    pub why: Vec<BypassReason>,
    /// Whether NetworkPolicies block them anyway.
    pub network_policy: NetworkPolicyVerdict,
}

/// Why a pod can bypass the gateways.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum BypassReason {
    /// It has no sidecar.
    NoSidecar,
    /// It uses hostNetwork.
    HostNetwork,
    /// It is in ambient mode: ztunnel forwards calls to hosts that were not added.
    Ambient,
    /// Its sidecar forwards calls to hosts that were not added.
    OutboundMode {
        /// The mode.
        mode: OutboundMode,
    },
    /// An annotation excludes these ports from its sidecar.
    ExcludedPorts {
        /// The ports.
        ports: BTreeSet<u16>,
    },
    /// An annotation excludes these addresses from its sidecar.
    ExcludedRanges {
        /// The ranges.
        ranges: Vec<String>,
    },
    /// An annotation redirects only some calls to its sidecar.
    NotCaptured {
        /// The annotation.
        annotation: &'static str,
    },
    /// Init containers run before its calls are captured.
    EarlyContainers {
        /// Their names.
        containers: Vec<String>,
    },
    /// Containers run as the proxy's user, whose calls are not captured.
    ProxyUser {
        /// Their names.
        containers: Vec<String>,
    },
}

/// What NetworkPolicies do with a pod's calls to the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NetworkPolicyVerdict {
    /// They block them, if the network plugin enforces policies.
    Stops,
    /// None selects this pod.
    None,
    /// Some select it, and allow the calls.
    Open,
    /// They do not apply: the pod uses hostNetwork.
    NotApplicable,
    /// They were not read.
    Unknown,
}

/// The pods of one or all namespaces that can bypass the gateways. Gateway pods are not included.
pub fn bypass(facts: &ClusterFacts, namespace: Option<&str>) -> Bypass {
    let snapshot = &facts.snapshot;
    let egresses = egress_core::inventory::egresses(snapshot);
    let paths = paths(snapshot, &Index::of(snapshot), &egresses, &Request::default());
    let context = BypassContext { facts, calls: caller_namespaces(snapshot, &paths) };
    let here = |pod: &&PodFacts| namespace.is_none_or(|namespace| pod.namespace == namespace);
    let leaving =
        snapshot.pods.iter().filter(here).filter(|pod| !pod.finished && !is_gateway_pod(snapshot, pod));
    let mut rows: BTreeMap<&str, Counted> = BTreeMap::new();
    for pod in leaving {
        let why = context.reasons(pod);
        if !why.is_empty() {
            let key = (PodOwner::of(pod), why, context.network_policies(pod));
            *rows.entry(&pod.namespace).or_default().entry(key).or_default() += 1;
        }
    }
    let row =
        |((workload, why, network_policy), pods)| WorkloadBypass { workload, pods, why, network_policy };
    let namespaces = rows.into_iter().map(|(namespace, rows)| NamespaceBypass {
        namespace: namespace.to_owned(),
        calls: context.calls.contains_key(namespace),
        rows: rows.into_iter().map(row).collect(),
    });
    let needed = [Input::Pods, Input::Namespaces, Input::Mesh, Input::NetworkPolicies];
    Bypass {
        api_version: API_VERSION,
        kind: KIND,
        namespaces: namespaces.collect(),
        unknown: needed.into_iter().filter(|input| facts.gaps.contains_key(input)).collect(),
    }
}

/// Pods that share workload, reasons and hold, counted.
type Counted = BTreeMap<(PodOwner, Vec<BypassReason>, NetworkPolicyVerdict), usize>;

struct BypassContext<'a> {
    facts: &'a ClusterFacts,
    calls: BTreeMap<String, NamespaceCalls>,
}

impl BypassContext<'_> {
    fn reasons(&self, pod: &PodFacts) -> Vec<BypassReason> {
        let namespaces = &self.facts.snapshot.namespaces;
        let labels = namespaces.iter().find(|facts| facts.name == pod.namespace).map(|facts| &facts.labels);
        match data_plane_mode(pod, labels) {
            DataPlaneMode::Proxy => Vec::new(),
            DataPlaneMode::HostNetwork => vec![BypassReason::HostNetwork],
            DataPlaneMode::NotInMesh => vec![BypassReason::NoSidecar],
            DataPlaneMode::Ztunnel => vec![BypassReason::Ambient],
            DataPlaneMode::Sidecar => self.around_sidecar(pod),
        }
    }

    fn around_sidecar(&self, pod: &PodFacts) -> Vec<BypassReason> {
        let mode = self.mode(pod).filter(|mode| mode.lets_out());
        let mut found: Vec<BypassReason> =
            mode.map(|mode| BypassReason::OutboundMode { mode }).into_iter().collect();
        found.extend(capture_exclusions(pod).into_iter().map(|exclusion| match exclusion.traffic {
            ExcludedTraffic::Ports(ports) => BypassReason::ExcludedPorts { ports },
            ExcludedTraffic::Ranges(ranges) => {
                BypassReason::ExcludedRanges { ranges: ranges.into_iter().map(str::to_owned).collect() }
            }
            ExcludedTraffic::AllBut(_) => BypassReason::NotCaptured { annotation: exclusion.annotation },
        }));
        if !pod.early_containers.is_empty() {
            found.push(BypassReason::EarlyContainers { containers: pod.early_containers.clone() });
        }
        if !pod.containers_as_proxy.is_empty() {
            found.push(BypassReason::ProxyUser { containers: pod.containers_as_proxy.clone() });
        }
        found
    }

    /// What a pod's sidecar does with calls to unknown hosts: as its Sidecar says, else as the mesh.
    fn mode(&self, pod: &PodFacts) -> Option<OutboundMode> {
        let snapshot = &self.facts.snapshot;
        let sidecars = snapshot.of_kind(egress_core::role::Kind::Sidecar);
        let own = sidecar_for(sidecars, &snapshot.mesh.root_namespace, &pod.namespace, &pod.labels);
        own.and_then(outbound_mode).or(snapshot.mesh.outbound)
    }

    fn network_policies(&self, pod: &PodFacts) -> NetworkPolicyVerdict {
        if pod.host_network {
            return NetworkPolicyVerdict::NotApplicable;
        }
        if self.facts.gaps.contains_key(&Input::NetworkPolicies) {
            return NetworkPolicyVerdict::Unknown;
        }
        let usual = || NamespaceCalls::USUAL.into();
        let ports = self.calls.get(&pod.namespace).map_or_else(usual, |calls| calls.ports.clone());
        match egress_verdict(&self.facts.related_resources.network_policies, pod, &ports) {
            EgressVerdict::Blocked => NetworkPolicyVerdict::Stops,
            EgressVerdict::Unrestricted => NetworkPolicyVerdict::None,
            EgressVerdict::AllowedBy(_) => NetworkPolicyVerdict::Open,
        }
    }
}
