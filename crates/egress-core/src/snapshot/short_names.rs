//! Short names of Services in routes, as istiod reads them.
//!
//! Knows nothing of what the routes are for.

use super::Snapshot;
use crate::resource::Spec;

impl Snapshot {
    /// Gives destinations of VirtualServices their full names: a name without a dot means a Service beside the
    /// VirtualService. `resolveVirtualServiceShortnames` in `pilot/pkg/model/virtualservice.go`.
    pub fn resolve_short_names(&mut self) {
        let domain = &self.mesh.cluster_domain;
        for resource in &mut self.resources {
            let Spec::VirtualService(spec) = &mut resource.spec else { continue };
            let http = spec.http.iter_mut().flatten().flat_map(|rule| rule.route.iter_mut().flatten());
            let tls = spec.tls.iter_mut().flatten().flat_map(|rule| rule.route.iter_mut().flatten());
            let tcp = spec.tcp.iter_mut().flatten().flat_map(|rule| rule.route.iter_mut().flatten());
            let hosts = http
                .map(|route| &mut route.destination.host)
                .chain(tls.map(|route| &mut route.destination.host))
                .chain(tcp.map(|route| &mut route.destination.host));
            for host in hosts.filter(|host| !host.is_empty() && !host.contains(['.', '*'])) {
                *host = format!("{host}.{}.svc.{domain}", resource.id.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Resource;
    use crate::visibility::virtual_service::destinations;

    #[test]
    fn a_name_without_a_dot_is_a_service_of_the_same_namespace() {
        let route = |host: &str| json!({ "destination": { "host": host } });
        let object = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": "cnn", "namespace": "outside" },
            "spec": { "http": [{ "route": [route("egress"), route("edition.cnn.com")] }] },
        });
        let mut snapshot =
            Snapshot { resources: vec![Resource::from_json(&object).unwrap()], ..Snapshot::default() };
        snapshot.resolve_short_names();
        let spec = snapshot.resources[0].virtual_service().unwrap();
        let hosts: Vec<&str> = destinations(spec).collect();
        assert_eq!(hosts, ["egress.outside.svc.cluster.local", "edition.cnn.com"]);
    }
}
