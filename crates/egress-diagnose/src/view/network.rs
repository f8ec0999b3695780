//! Which pods NetworkPolicies keep from a gateway, computed once for all its hosts.
//!
//! Makes no findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use egress_core::snapshot::GatewayFacts;

use super::View;
use crate::finding::Readable;
use crate::kubernetes::network_path::{Blocked, Network, PodEnd};
use crate::kubernetes::workload::by_workload;

/// The workloads of a namespace with sidecars: how many there are, and which of them policies keep from a gateway's port.
#[derive(Debug, Default)]
pub(crate) struct KeptFrom<'a> {
    /// How many.
    pub(crate) of: usize,
    /// Their names, each with the policies.
    pub(crate) workloads: Vec<(String, Blocked<'a>)>,
}

impl<'a> View<'a> {
    /// The NetworkPolicies. A namespace that was not given may have any label.
    pub(crate) fn network(&self) -> Readable<Arc<Network<'a>>> {
        let policies = self.network_policies()?;
        let namespaces = self.labelled_namespaces().unwrap_or_default();
        Ok(self.shared.network.get((), || Network::new(policies, namespaces)))
    }

    /// The workloads that policies keep from a port of a gateway's pods.
    pub(crate) fn kept_from(
        &self,
        caller: &str,
        gateway: &GatewayFacts,
        port: u16,
    ) -> Readable<Arc<KeptFrom<'a>>> {
        let network = self.network()?;
        let pods = self.pods(caller).into_iter().filter(|pod| !pod.finished);
        let workloads = by_workload(pods);
        let key = (caller.to_owned(), gateway.name.clone(), port);
        Ok(self.shared.kept_from.get(key, || {
            let ends: Vec<PodEnd<'_>> = ends(gateway);
            let mut found = KeptFrom { of: workloads.len(), workloads: Vec::new() };
            for (workload, pods) in &workloads {
                let Some(from) = pods.first().and_then(|pod| PodEnd::of(pod)) else { continue };
                // One pod of a gateway is enough to tell: a caller is sent to any of them.
                let blocked = ends.iter().find_map(|to| network.between(from, *to, &[(port, "TCP")]));
                found.workloads.extend(blocked.map(|blocked| (workload.to_string(), blocked)));
            }
            found
        }))
    }
}

/// The pods of a gateway, one for each set of labels.
pub(crate) fn ends(gateway: &GatewayFacts) -> Vec<PodEnd<'_>> {
    let mut known = BTreeSet::new();
    let pods = gateway.pods.iter().filter(|pod| !pod.finished && known.insert(&pod.labels));
    pods.filter_map(PodEnd::of).collect()
}
