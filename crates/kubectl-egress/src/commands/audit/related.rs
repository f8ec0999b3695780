//! The related resources of an audit: other paths out of the mesh, as far as they can be read.
//!
//! Knows what to read. `egress_policy::audit` asks the policies about it.

use std::collections::{BTreeMap, HashSet};

use egress_cluster::Cluster;
use egress_cluster::related_resources::RelatedReading;
use egress_cluster::related_resources::beyond::Beyond;
use egress_core::command::ShellCommand;
use egress_core::host::printable;
use egress_core::input::Input;
use egress_core::opened::OpeningSources;
use egress_core::resource::ObjectId;
use egress_core::snapshot::Snapshot;
use egress_diagnose::bypass::{BypassReason, NamespaceBypass, NetworkPolicyVerdict, bypass};
use egress_diagnose::facts::ClusterFacts;
use egress_diagnose::kubernetes::endpoints::{LeadingOut, leading_out};

/// The related resources that were read.
pub(super) struct Related {
    reading: RelatedReading,
    beyond: Beyond,
}

/// Reads the related resources.
pub(super) async fn read(
    cluster: &Cluster,
    snapshot: &Snapshot,
    namespace: Option<&str>,
) -> anyhow::Result<Related> {
    let (reading, beyond) =
        tokio::try_join!(cluster.related_resources(), cluster.beyond(&snapshot.mesh, namespace))?;
    Ok(Related { reading, beyond })
}

impl Related {
    /// Where to look for openings.
    pub(super) fn sources<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        known: &'a HashSet<&'a ObjectId>,
        namespace: Option<&'a str>,
    ) -> OpeningSources<'a> {
        OpeningSources {
            snapshot,
            gateway_api: &self.reading.facts.gateway_api,
            workloads: &self.beyond.workloads,
            known,
            namespace,
        }
    }

    /// The paths out that are not a list of hosts, one sentence each.
    pub(super) fn unjudged(self, snapshot: &Snapshot, namespace: Option<&str>) -> Vec<String> {
        let mut told: Vec<String> = self
            .beyond
            .filters
            .iter()
            .map(|filter| format!("{filter}: it can send calls anywhere"))
            .collect();
        told.extend(
            self.beyond.unreadable.iter().map(|row| format!("{} could not be read: {}", row.what, row.why)),
        );
        if self.reading.gaps.contains_key(&Input::GatewayApi) {
            told.push("routes of the Gateway API could not be read".to_owned());
        }
        if self.reading.gaps.contains_key(&Input::EndpointSlices) {
            told.push(
                "EndpointSlices could not be read; through them a Service can send calls anywhere".to_owned(),
            );
        }
        let unread = [Input::Pods, Input::Services].into_iter().filter_map(|input| {
            snapshot.unreadable.iter().find(|row| row.input == Some(input) && row.concerns(namespace))
        });
        told.extend(unread.map(|row| format!("{} could not be read: {}", row.what, row.why)));
        let evidence = ClusterFacts {
            snapshot: snapshot.clone(),
            related_resources: self.reading.facts,
            gaps: self.reading.gaps,
            proxies: BTreeMap::new(),
            demands: Ok(BTreeMap::new()),
            refusals: BTreeMap::new(),
            rights: BTreeMap::new(),
            fleet: Vec::new(),
        };
        told.extend(beside_pods(&evidence, namespace));
        told.extend(bypass(&evidence, namespace).namespaces.iter().filter_map(bypassing_sidecars));
        told
    }
}

/// Services with endpoints outside the cluster, in addition to the pods that they select.
fn beside_pods(evidence: &ClusterFacts, namespace: Option<&str>) -> Vec<String> {
    let (related, snapshot) = (&evidence.related_resources, &evidence.snapshot);
    let all = leading_out(&related.endpoint_slices, &snapshot.services, &snapshot.pods, &snapshot.nodes);
    let told = all.into_iter().filter(|found| !found.service.selector.is_empty());
    told.filter(|found| namespace.is_none_or(|asked| asked == found.slice.namespace))
        .map(|LeadingOut { slice, service, address, .. }| {
            let (kind, service) = (slice.spec.kind.to_ascii_lowercase(), printable(&service.name));
            let (name, namespace) = (printable(&slice.name), printable(&slice.namespace));
            format!(
                "{kind}/{name} in namespace {namespace}: it sends calls to service/{service} to {}",
                printable(address)
            )
        })
        .collect()
}

/// The pods of one namespace whose traffic bypasses their sidecar. Pods outside the mesh are not included: no Istio
/// object is about them.
fn bypassing_sidecars(found: &NamespaceBypass) -> Option<String> {
    let outside =
        |reason: &BypassReason| matches!(reason, BypassReason::NoSidecar | BypassReason::HostNetwork);
    let counts = found
        .rows
        .iter()
        .filter(|row| row.network_policy != NetworkPolicyVerdict::Stops)
        .filter(|row| found.calls || !row.why.iter().all(outside));
    let pods: usize = counts.map(|row| row.pods).sum();
    let namespace = printable(&found.namespace);
    let diagnose =
        ShellCommand::new(["kubectl", "egress", "diagnose", "--bypass"]).in_namespace(&found.namespace);
    (pods > 0).then(|| {
        format!("{pods} pods of namespace {namespace} can bypass the gateway; which and why: `{diagnose}`")
    })
}
