//! Hosts with an egress in other clusters of the fleet, and without one here.

use std::collections::BTreeSet;

use super::egress_path::EgressPath;
use crate::facts::{ClusterFacts, Request};

/// The requested paths of these hosts. A host that is requested by name has a path already.
pub(crate) fn routed_elsewhere<'a>(
    facts: &ClusterFacts,
    known: &[EgressPath<'_>],
    request: &Request,
) -> Vec<EgressPath<'a>> {
    if !request.hosts.is_empty() {
        return Vec::new();
    }
    let here: BTreeSet<(Option<&str>, &str)> =
        known.iter().map(|path| (path.namespace.as_deref(), path.host.as_str())).collect();
    let there = facts.fleet.iter().flat_map(|cluster| cluster.egresses.values());
    let asked = there
        .filter(|egress| request.namespace.as_ref().is_none_or(|namespace| *namespace == egress.namespace));
    let missing: BTreeSet<(&str, &str)> = asked
        .map(|egress| (egress.namespace.as_str(), egress.host.as_str()))
        .filter(|(namespace, host)| !here.contains(&(Some(*namespace), *host)))
        .collect();
    missing
        .into_iter()
        .map(|(namespace, host)| EgressPath {
            host: host.to_owned(),
            namespace: Some(namespace.to_owned()),
            egress: None,
            state: None,
            earlier: None,
            undiscovered: Vec::new(),
            gateway: None,
            callers: vec![namespace.to_owned()],
            ports: BTreeSet::new(),
            is_wanted: false,
        })
        .collect()
}
