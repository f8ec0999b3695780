//! The namespaces that call hosts through a gateway: their pods must not bypass it.
//!
//! An egress that is exported to all namespaces is used by few: knows which of them count. Makes no findings.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::snapshot::Snapshot;

use crate::facts::clients;
use crate::path::EgressPath;

/// The calls of the pods of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamespaceCalls {
    /// The ports.
    pub(crate) ports: BTreeSet<u16>,
    /// The first host.
    pub(crate) host: String,
    /// How many hosts.
    pub(crate) hosts: usize,
}

/// The caller namespaces. Without the root namespace, and without namespaces that only have a gateway or objects for
/// other namespaces, and no pod with a sidecar.
pub(crate) fn caller_namespaces(
    snapshot: &Snapshot,
    paths: &[EgressPath<'_>],
) -> BTreeMap<String, NamespaceCalls> {
    let clients = clients(snapshot);
    let hosts_gateway =
        |namespace: &str| snapshot.gateways.iter().any(|gateway| gateway.name.namespace == namespace);
    let calls = |path: &EgressPath<'_>, namespace: &str| {
        let alone = path.callers.len() == 1;
        let asked_for = path.record().is_some() || alone;
        namespace != snapshot.mesh.root_namespace
            && (clients.contains(namespace) || (asked_for && !hosts_gateway(namespace)))
    };
    let mut found: BTreeMap<String, NamespaceCalls> = BTreeMap::new();
    for path in paths.iter().filter(|path| path.gateway.is_some()) {
        for namespace in path.callers.iter().filter(|namespace| calls(path, namespace)) {
            let known = found.entry(namespace.clone()).or_default();
            known.ports.extend(path.ports.iter().map(|port| port.number));
            if known.hosts == 0 {
                known.host.clone_from(&path.host);
            }
            known.hosts += 1;
        }
    }
    for calls in found.values_mut().filter(|calls| calls.ports.is_empty()) {
        calls.ports = NamespaceCalls::USUAL.into();
    }
    found
}

impl NamespaceCalls {
    /// Ports 80 and 443, if no others are known.
    pub(crate) const USUAL: [u16; 2] = [80, 443];

    /// The hosts in words: `edition.cnn.com and 3 other hosts`.
    pub(crate) fn wording(&self) -> String {
        match self.hosts {
            0 | 1 => self.host.clone(),
            2 => format!("{} and 1 other host", self.host),
            many => format!("{} and {} other hosts", self.host, many - 1),
        }
    }
}
