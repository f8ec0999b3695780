//! Who may call: the namespaces to which something is exported.

use std::collections::BTreeSet;

use crate::snapshot::Snapshot;

/// The namespaces whose sidecars see what is exported like this, as far as they are known.
pub fn callers(export_to: &[String], namespace: &str, snapshot: &Snapshot) -> Vec<String> {
    let mut namespaces = BTreeSet::new();
    for word in export_to {
        match word.as_str() {
            "." => {
                namespaces.insert(namespace);
            }
            "*" => {
                let callers = snapshot.pods.iter().filter(|pod| pod.has_sidecar);
                namespaces.extend(callers.map(|pod| pod.namespace.as_str()));
            }
            other => {
                namespaces.insert(other);
            }
        }
    }
    namespaces.into_iter().map(str::to_owned).collect()
}
