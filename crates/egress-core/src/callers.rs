//! Who may call: the namespaces to which something is exported.

use crate::snapshot::Snapshot;

/// The namespaces whose sidecars see what is exported like this, as far as they are known.
pub fn callers(export_to: &[String], namespace: &str, snapshot: &Snapshot) -> Vec<String> {
    let mut namespaces: Vec<String> = Vec::new();
    for word in export_to {
        match word.as_str() {
            "." => namespaces.push(namespace.to_owned()),
            "*" => namespaces
                .extend(snapshot.pods.iter().filter(|pod| pod.has_sidecar).map(|pod| pod.namespace.clone())),
            other => namespaces.push(other.to_owned()),
        }
    }
    namespaces.sort();
    namespaces.dedup();
    namespaces
}
