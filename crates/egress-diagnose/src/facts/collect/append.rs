//! Merges several collectors.
//!
//! Every field is named, so that the compiler asks about a new one.

use egress_core::snapshot::Snapshot;

use super::Collector;
use crate::facts::ClusterFacts;

impl Collector {
    /// Adds the objects that another collector took after this one.
    pub fn append(&mut self, later: Self) {
        let Collector { facts, services, pods, meshes, given } = later;
        self.services.extend(services);
        self.pods.extend(pods);
        self.meshes.extend(meshes);
        self.given.extend(given);
        let ClusterFacts { snapshot, related_resources, gaps, proxies, demands, refusals, rights, fleet } =
            facts;
        // Gateways, Services, pods and meshes are made of all objects together, at the end.
        let Snapshot {
            mesh: _,
            other_meshes: _,
            gateways: _,
            resources,
            services: _,
            pods: _,
            nodes,
            namespaces,
            istio_read_in: _,
            unreadable,
        } = snapshot;
        let own = &mut self.facts;
        own.snapshot.resources.extend(resources);
        own.snapshot.nodes.extend(nodes);
        own.snapshot.namespaces.extend(namespaces);
        own.snapshot.unreadable.extend(unreadable);
        own.related_resources.append(related_resources);
        for (egress, refusals) in refusals {
            own.refusals.entry(egress).or_default().extend(refusals);
        }
        own.rights.extend(rights);
        own.gaps.extend(gaps);
        own.proxies.extend(proxies);
        own.fleet.extend(fleet);
        if let (Ok(own), Ok(demands)) = (&mut own.demands, demands) {
            own.extend(demands);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of the kind: what two threads read of one file is what one thread reads of it.
    #[test]
    fn no_kind_of_object_is_lost_where_two_readers_meet() {
        let named = |api_version: &str, kind: &str, name: &str| json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": "shop" } });
        let mut slice = named("discovery.k8s.io/v1", "EndpointSlice", "cnn");
        slice["addressType"] = "IPv4".into();
        slice["endpoints"] = json!([{ "addresses": ["192.0.2.1"] }]);
        let mut other = named("kubectl-egress.github.io/v1alpha1", "OtherCluster", "eu");
        other["egresses"] = json!({});
        let mut whole = Collector::default();
        let mut later = Collector::default();
        for object in [&slice, &other] {
            later.add(&object.into()).unwrap();
        }

        whole.append(later);

        let evidence = whole.finish();
        assert_eq!(evidence.related_resources.endpoint_slices.len(), 1);
        assert_eq!(evidence.fleet.len(), 1);
    }
}
