//! The containers of a pod whose traffic never enters its sidecar.
//!
//! Knows the order in which containers start and the user that the rules of iptables spare. What follows from it is decided
//! elsewhere.

use crate::kubernetes::{Container, Pod};

use super::{PROXY, containers};

/// The init container that redirects the pod's traffic to the proxy.
const REDIRECT: &str = "istio-init";
/// The user of the proxy: the redirection spares it, or the proxy would call itself. `DefaultProxyUID` in
/// `tools/istio-iptables/pkg/constants/constants.go`.
const PROXY_USER: i64 = 1337;

/// The init containers that start before the redirection. Where Istio's network plugin redirects instead of an init
/// container, it has done so before any container starts.
pub(super) fn early_containers(pod: &Pod) -> Vec<String> {
    let all: Vec<&Container> =
        pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten()).collect();
    let redirect = all.iter().position(|container| container.name == REDIRECT).unwrap_or_default();
    all.into_iter().take(redirect).filter(|container| !is_of_istio(container)).map(name).collect()
}

/// The containers that run as the proxy's user or in its group.
pub(super) fn containers_as_proxy(pod: &Pod) -> Vec<String> {
    let security = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let user = security.and_then(|security| security.run_as_user);
    let group = security.and_then(|security| security.run_as_group);
    let spared = |container: &&Container| {
        let own = container.security_context.as_ref();
        let user = own.and_then(|own| own.run_as_user).or(user);
        let group = own.and_then(|own| own.run_as_group).or(group);
        user == Some(PROXY_USER) || group == Some(PROXY_USER)
    };
    containers(pod).filter(|container| !is_of_istio(container)).filter(spared).map(name).collect()
}

/// Whether Istio put a container in.
fn is_of_istio(container: &Container) -> bool {
    [PROXY, REDIRECT, "istio-validation", "enable-core-dump"].contains(&container.name.as_str())
}

fn name(container: &Container) -> String {
    container.name.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: &Value) -> Pod {
        serde_json::from_value(json!({ "metadata": {}, "spec": spec })).unwrap()
    }

    #[test]
    fn what_starts_before_the_redirection_is_early() {
        let names = |containers: &Value| {
            early_containers(&pod(&json!({ "containers": [], "initContainers": containers })))
        };
        assert_eq!(
            names(&json!([{"name": "migrate"}, {"name": "istio-init"}, {"name": "warm"}])),
            ["migrate"]
        );
        assert!(names(&json!([{"name": "istio-init"}, {"name": "migrate"}])).is_empty());
        assert!(names(&json!([{"name": "migrate"}, {"name": "istio-proxy"}])).is_empty(), "by the plugin");
    }

    #[test]
    fn the_proxys_user_and_group_are_spared_wherever_they_are_set() {
        let own = json!({"containers": [
            {"name": "web", "securityContext": {"runAsUser": 1000}},
            {"name": "agent", "securityContext": {"runAsUser": 1337}},
            {"name": "istio-proxy", "securityContext": {"runAsUser": 1337}},
        ]});
        assert_eq!(containers_as_proxy(&pod(&own)), ["agent"]);
        let of_the_pod = json!({"securityContext": {"runAsGroup": 1337}, "containers": [{"name": "web"}]});
        assert_eq!(containers_as_proxy(&pod(&of_the_pod)), ["web"]);
    }
}
