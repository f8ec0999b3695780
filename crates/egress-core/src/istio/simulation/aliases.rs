//! Services of type ExternalName that are other names of a service of the mesh.
//!
//! Follows `resolveServiceAliases` in `pilot/pkg/model/push_context.go`. Knows nothing of who sees them.

use std::collections::{BTreeMap, HashSet};

use super::service::{MeshResolution, MeshService, ServiceSource};

/// Tells each service its other names. A name of a name counts; a circle of names is none.
pub(super) fn resolve(services: &mut [MeshService<'_>]) {
    let mut leads_to: BTreeMap<String, String> = BTreeMap::new();
    for service in services.iter().filter(|service| service.resolution == MeshResolution::Alias) {
        if let ServiceSource::Kubernetes(facts) = service.source {
            let name = facts.external_name.clone().unwrap_or_default();
            leads_to.insert(service.host.to_string(), name);
        }
    }
    let mut aliases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (alias, first) in &leads_to {
        let mut seen: HashSet<&str> = HashSet::from([alias.as_str()]);
        let mut end = first.as_str();
        let mut is_circle = false;
        while let Some(next) = leads_to.get(end) {
            is_circle = !seen.insert(end);
            if is_circle {
                break;
            }
            end = next;
        }
        if !is_circle {
            aliases.entry(end).or_default().push(alias.clone());
        }
    }
    for service in services {
        service.aliases = aliases.get(service.host.as_ref()).cloned().unwrap_or_default();
    }
}
