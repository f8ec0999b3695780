//! Policies of the Gateway API that say how connections to a host are opened.
//!
//! What they say is not followed: `backend_policies.go` makes DestinationRules of them.

use std::collections::BTreeMap;

use super::facts::ApiFacts;
use super::made::ApiOrigin;
use super::value::{list, text};

/// The hosts in full that a BackendTLSPolicy is about, each with the policy.
pub(super) fn hosts_with_tls(facts: &ApiFacts<'_>) -> BTreeMap<String, ApiOrigin> {
    let mut found = BTreeMap::new();
    for policy in facts.of_kind("BackendTLSPolicy") {
        let namespace = policy.object.namespace.as_str();
        for target in list(&policy.object.spec, "targetRefs") {
            let name = text(target, "name").unwrap_or_default();
            match text(target, "kind") {
                Some("Service") => {
                    found.insert(facts.service_host(namespace, name), ApiOrigin::of(policy));
                }
                Some("ServiceEntry") => {
                    let hosts = facts.hosts_of_entry(namespace, name).unwrap_or_default();
                    found.extend(hosts.iter().map(|host| (host.clone(), ApiOrigin::of(policy))));
                }
                _ => {}
            }
        }
    }
    found
}
