//! What was known of the mesh when an export was made, as annotations of the policy.

use std::collections::{BTreeMap, BTreeSet};

use super::layer::ExportedLayer;

/// The mesh's root namespace as it was known.
const ROOT: &str = "kubectl-egress.github.io/root-namespace";
/// Namespaces of egress gateways as they were known, with commas.
const GATEWAYS: &str = "kubectl-egress.github.io/gateway-namespaces";

/// What an export in a cluster remembers.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// The mesh's root namespace, if it was known.
    pub(super) root_namespace: Option<String>,
    /// The namespaces of egress gateways.
    pub(super) gateway_namespaces: BTreeSet<String>,
}

impl Remembered {
    /// Reads the annotations.
    pub(super) fn read(annotations: &BTreeMap<String, String>) -> Self {
        let gateways = annotations.get(GATEWAYS).map(String::as_str).unwrap_or_default();
        let gateways = gateways.split(',').filter(|name| !name.is_empty());
        Remembered {
            root_namespace: annotations.get(ROOT).cloned(),
            gateway_namespaces: gateways.map(str::to_owned).collect(),
        }
    }
}

/// The annotations of an export.
pub(super) fn annotations(layer: &ExportedLayer) -> BTreeMap<String, String> {
    let root = layer.root_namespace.iter().map(|root| (ROOT.to_owned(), root.clone()));
    let gateways: Vec<&str> = layer.gateway_namespaces.iter().map(String::as_str).collect();
    let gateways = gateways.join(",");
    let gateways = (!gateways.is_empty()).then(|| (GATEWAYS.to_owned(), gateways));
    root.chain(gateways).collect()
}
