//! What a Sidecar resource lets the proxies of a namespace see.
//!
//! Follows `getSidecarScope` and `convertIstioListenerToWrapper` in `pilot/pkg/model`. Knows nothing of the Services
//! that a visible VirtualService leads to: istiod adds those by itself.

use std::collections::BTreeMap;

use egress_istio::sidecar::SidecarOutboundTrafficPolicyMode;

use super::{creation_order, host_matches};
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::OutboundMode;

/// The Sidecar that applies to pods with these labels: one of their namespace that selects them, else the one of their
/// namespace without a selector, else the one of the root namespace without a selector. Of equals, the oldest.
pub fn sidecar_for<'a>(
    sidecars: impl IntoIterator<Item = &'a Resource>,
    root_namespace: &str,
    namespace: &str,
    pod_labels: &BTreeMap<String, String>,
) -> Option<&'a Resource> {
    let rank = |resource: &Resource| {
        let spec = resource.sidecar()?;
        match &spec.workload_selector {
            Some(selector) => {
                let wanted = selector.labels.iter().flatten();
                (has_labels(pod_labels, wanted) && resource.id.namespace == namespace).then_some(0)
            }
            None if resource.id.namespace == namespace => Some(1),
            None => (resource.id.namespace == root_namespace).then_some(2),
        }
    };
    let ranked = sidecars.into_iter().filter_map(|resource| Some((rank(resource)?, resource)));
    ranked
        .min_by(|left, right| (left.0, creation_order(left.1)).cmp(&(right.0, creation_order(right.1))))
        .map(|it| it.1)
}

/// What a Sidecar does with calls to unknown hosts; none if it leaves that to the mesh. A policy without a mode is
/// `REGISTRY_ONLY`, the first of the modes. `convertToSidecarScope` in `pilot/pkg/model/sidecar.go`.
pub fn outbound_mode(sidecar: &Resource) -> Option<OutboundMode> {
    let policy = sidecar.sidecar()?.outbound_traffic_policy.as_ref()?;
    Some(match policy.mode {
        Some(SidecarOutboundTrafficPolicyMode::AllowAny) => OutboundMode::AllowAny,
        Some(SidecarOutboundTrafficPolicyMode::RegistryOnly) | None => OutboundMode::RegistryOnly,
    })
}

/// Whether a Sidecar imports a host that an object of the namespace `owner` declares, for calls from the namespace
/// `viewer` to this port.
///
/// A listener with a port speaks for that port alone; the one without a port speaks for all others. `.` is the
/// namespace of the calling pod (also where the Sidecar lies in the root namespace), `~/…` is nothing, and `~ns/host`
/// takes out again what another line brought in.
pub fn imports(sidecar: &Resource, viewer: &str, owner: &str, host: &str, port: u16) -> bool {
    let Some(listeners) =
        sidecar.sidecar().and_then(|spec| spec.egress.as_ref()).filter(|list| !list.is_empty())
    else {
        // Without `egress` the defaults hold: everything that is exported to the namespace.
        return true;
    };
    let number = |listener: &egress_istio::sidecar::SidecarEgress| {
        listener.port.as_ref().and_then(|port| port.number).filter(|number| *number != 0)
    };
    let listener = listeners
        .iter()
        .find(|listener| number(listener) == Some(i64::from(port)))
        .or_else(|| listeners.iter().find(|listener| number(listener).is_none()));
    let Some(listener) = listener else { return false };
    let mut imported = false;
    for line in &listener.hosts {
        let Some((namespace, pattern)) = line.split_once('/') else { continue };
        let excluded = namespace.strip_prefix('~').filter(|rest| !rest.is_empty());
        let covers = match excluded.unwrap_or(namespace) {
            "*" => true,
            "." => owner == viewer,
            "~" => false,
            name => name == owner,
        };
        if covers && host_matches(pattern, host) {
            if excluded.is_some() {
                return false;
            }
            imported = true;
        }
    }
    imported
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sidecar(namespace: &str, name: &str, spec: &Value) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
            "metadata": { "name": name, "namespace": namespace }, "spec": spec,
        }))
        .unwrap()
    }

    fn imported(hosts: &[&str], owner: &str) -> bool {
        let sidecar = sidecar("shop", "default", &json!({ "egress": [{ "hosts": hosts }] }));
        imports(&sidecar, "shop", owner, "edition.cnn.com", 443)
    }

    #[test]
    fn only_listed_namespaces_and_hosts_are_imported() {
        assert!(imported(&["./*"], "shop"));
        assert!(!imported(&["./*"], "platform"));
        assert!(imported(&["*/*.cnn.com"], "platform"));
        assert!(!imported(&["istio-system/*", "./other.com"], "shop"));
        assert!(!imported(&["~/*"], "shop"));
    }

    #[test]
    fn an_exclusion_takes_out_what_another_line_brings_in() {
        assert!(!imported(&["*/*", "~shop/edition.cnn.com"], "shop"));
        assert!(imported(&["*/*", "~shop/edition.cnn.com"], "platform"));
    }

    #[test]
    fn a_sidecar_without_egress_hides_nothing() {
        assert!(imports(&sidecar("shop", "default", &json!({})), "shop", "any", "edition.cnn.com", 80));
    }

    #[test]
    fn a_listener_with_a_port_speaks_for_that_port_alone() {
        let egress = json!({ "egress": [{ "port": { "number": 443, "name": "tls", "protocol": "TLS" }, "hosts": ["./*"] }] });
        let only = sidecar("shop", "default", &egress);
        assert!(imports(&only, "shop", "shop", "edition.cnn.com", 443));
        assert!(!imports(&only, "shop", "shop", "edition.cnn.com", 80));
    }

    #[test]
    fn a_selecting_sidecar_comes_before_the_namespaces_and_that_before_the_roots() {
        let none = BTreeMap::new();
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let all = [
            sidecar("istio-system", "mesh", &json!({})),
            sidecar("shop", "default", &json!({})),
            sidecar("shop", "web", &json!({ "workloadSelector": { "labels": { "app": "web" } } })),
        ];
        let name = |count: usize, labels| {
            sidecar_for(&all[..count], "istio-system", "shop", labels).map(|found| found.id.name.as_str())
        };
        assert_eq!(name(3, &labels), Some("web"));
        assert_eq!(name(3, &none), Some("default"));
        assert_eq!(name(1, &labels), Some("mesh"));
        assert_eq!(name(0, &labels), None);
    }
}
