//! Policies of the Gateway API that say how connections to a host are opened.
//!
//! What they say is not followed: `backend_policies.go` makes DestinationRules of them.

use std::collections::HashSet;

use super::facts::ApiFacts;
use super::value::{list, text};

/// The hosts in full that a BackendTLSPolicy is about.
pub(super) fn hosts_with_tls(facts: &ApiFacts<'_>) -> HashSet<String> {
    let mut found = HashSet::new();
    for policy in facts.of_kind("BackendTLSPolicy") {
        let namespace = policy.object.namespace.as_str();
        for target in list(&policy.object.spec, "targetRefs") {
            let name = text(target, "name").unwrap_or_default();
            match text(target, "kind") {
                Some("Service") => {
                    found.insert(facts.service_host(namespace, name));
                }
                Some("ServiceEntry") => {
                    found.extend(facts.hosts_of_entry(namespace, name).unwrap_or_default().iter().cloned());
                }
                _ => {}
            }
        }
    }
    found
}
