//! Which control plane of this cluster a proxy speaks to, by what istiod wrote into its pod.

use crate::kubernetes::Pod;
use serde::Deserialize;

use crate::intent::is_label;

/// The proxy's configuration, as far as it differs from what Istio has by default:
/// `manifests/charts/istio-control/istio-discovery/files/injection-template.yaml` of Istio.
const CONFIGURATION: &str = "PROXY_CONFIG";
/// Where certificates are asked for: of istiod, or of an authority in its place. In the same file.
const AUTHORITY: &str = "CA_ADDR";

/// The namespace of the control plane that a pod's proxy speaks to. `None`: it has no proxy, or speaks to one that is not in
/// this cluster, or does not say.
pub fn control_plane(pod: &Pod) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ProxyConfiguration {
        discovery_address: Option<String>,
    }
    let proxy = super::proxy(pod)?;
    let variable = |name: &str| {
        let found = proxy.env.iter().flatten().find(|variable| variable.name == name);
        found.and_then(|variable| variable.value.as_deref())
    };
    let configuration = variable(CONFIGURATION).and_then(|text| serde_json::from_str(text).ok());
    let ProxyConfiguration { discovery_address } = configuration.unwrap_or_default();
    namespace(discovery_address.as_deref().or_else(|| variable(AUTHORITY))?)
}

/// `istio-system` of `istiod-canary.istio-system.svc:15012`. Other authorities, such as cert-manager's, are called otherwise.
fn namespace(address: &str) -> Option<String> {
    let mut labels = address.split([':', '/']).next()?.split('.');
    let (service, namespace, svc) = (labels.next()?, labels.next()?, labels.next()?);
    // It comes from a pod and becomes a part of a URL.
    (service.starts_with("istiod") && svc == "svc" && is_label(namespace)).then(|| namespace.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(variables: &[(&str, &str)]) -> Option<String> {
        let env: Vec<_> =
            variables.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let containers = json!([{"name": "app"}, {"name": "istio-proxy", "env": env}]);
        control_plane(&serde_json::from_value(json!({"spec": {"containers": containers}})).unwrap())
    }

    #[test]
    fn it_is_where_the_proxy_is_configured() {
        let one = |value| told(&[("CA_ADDR", value)]);
        assert_eq!(one("istiod.istio-system.svc:15012").as_deref(), Some("istio-system"));
        assert_eq!(one("istiod-canary.mesh.svc.cluster.local:15012").as_deref(), Some("mesh"));
        let discovery = ("PROXY_CONFIG", r#"{"discoveryAddress":"istiod.mesh.svc:15012"}"#);
        assert_eq!(told(&[("CA_ADDR", "istiod.other.svc:15012"), discovery]).as_deref(), Some("mesh"));
        assert_eq!(
            told(&[("CA_ADDR", "istiod.mesh.svc:1"), ("PROXY_CONFIG", "{}")]).as_deref(),
            Some("mesh")
        );
    }

    #[test]
    fn what_is_no_control_plane_of_this_cluster_says_nothing() {
        for address in [
            "cert-manager-istio-csr.cert-manager.svc:443",
            "istiod.example.com:15012",
            "istiod.a/../b.svc:15012",
            "istiod..svc:15012",
            "",
        ] {
            assert_eq!(told(&[("CA_ADDR", address)]), None, "{address}");
        }
        assert_eq!(told(&[]), None);
        assert_eq!(control_plane(&Pod::default()), None);
    }
}
