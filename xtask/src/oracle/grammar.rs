//! Clusters made from nothing: egresses as people write them, and around them objects with whatever values there are.
//!
//! All values come from small pools, so that objects meet each other. Knows which objects belong to an egress; the fields of
//! each kind are in the modules below. The same seed and index make the same cluster.

use serde_json::Value;

use super::{
    cluster::ClusterObjects,
    complete::{complete, make_namespace, mesh_config_map},
    random::Random,
};
pub(super) use pools::Pools;

mod ambient;
mod destination_rules;
mod egress;
mod entries;
mod envoy_filters;
mod gateway_api;
mod gateways;
mod istiod;
pub(super) mod mesh;
mod objects;
mod policies;
mod pools;
pub(super) mod sidecars;
mod virtual_services;
mod workload_entries;
pub(super) mod workloads;

/// The cluster of this seed and index.
pub(super) fn cluster(seed: u64, index: u64) -> ClusterObjects {
    let mut random = Random::of(seed, index);
    let mut pools = Pools::new(&mut random);
    let mut objects = vec![mesh_config_map(&mesh::make(&mut random, &pools))];
    objects.extend(pools.namespaces.iter().map(|name| make_namespace(name)));
    objects.extend(workloads::make(&mut random, &mut pools));
    for host in pools.hosts.clone() {
        if random.percent(85) {
            objects.extend(egress::make(&mut random, &mut pools, &host));
        }
    }
    if random.percent(15) {
        objects.extend(virtual_services::delegation(&mut random, &mut pools));
    }
    for _ in 0..random.between(0, 3) {
        objects.push(any(&mut random, &mut pools));
    }
    if random.percent(15) {
        objects.push(workloads::peer_authentication(&mut random, &mut pools));
    }
    ambient::add(&mut Random::of(!seed, index), &mut pools, &mut objects);
    gateway_api::add(&mut Random::of(seed.rotate_left(32), index), &mut pools, &mut objects);
    envoy_filters::add(&mut Random::of(seed.rotate_left(16), index), &mut pools, &mut objects);
    workload_entries::add(&mut Random::of(seed.rotate_left(48), index), &mut pools, &mut objects);
    istiod::add(&mut Random::of(seed.rotate_left(24), index), &mut pools, &mut objects);
    ClusterObjects {
        source: "grammar".to_owned(),
        name: format!("{seed}-{index}"),
        objects: complete(objects),
    }
}

/// An object of a kind of Istio that nobody asked for.
pub(super) fn any(random: &mut Random, pools: &mut Pools) -> Value {
    match random.below(11) {
        0..=2 => {
            let host = random.text(&pools.hosts);
            entries::make(random, pools, &host)
        }
        3..=5 => destination_rules::make(random, pools),
        6..=8 => virtual_services::make(random, pools),
        9 => gateways::make(random, pools),
        _ => sidecars::make(random, pools),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::oracle::cluster;

    #[test]
    fn the_same_seed_and_index_make_the_same_cluster() {
        let made = |seed, index| super::cluster(seed, index).objects;

        assert_eq!(made(1, 5), made(1, 5));
        assert_ne!(made(1, 5), made(1, 6));
        assert_ne!(made(1, 5), made(2, 5));
    }

    #[test]
    fn our_reader_reads_every_object() {
        for index in 0..100 {
            let made = super::cluster(1, index);
            let (facts, refused) = cluster::read(&made.objects);
            assert_eq!(refused, [], "{}", made.name);
            assert!(facts.snapshot.pods.iter().any(|pod| pod.has_sidecar), "{}", made.name);
            assert!(!facts.snapshot.gateways.is_empty(), "{}", made.name);
        }
    }

    #[test]
    fn every_kind_and_every_protocol_is_made() {
        let texts: Vec<String> =
            (0..300).map(|index| json!(super::cluster(1, index).objects).to_string()).collect();
        for word in [
            "ServiceEntry",
            "VirtualService",
            "DestinationRule",
            "Sidecar",
            "MONGO",
            "GRPC",
            "DNS_ROUND_ROBIN",
            "ISTIO_MUTUAL",
            "workloadSelector",
            "delegate",
            "mirror",
            "redirect",
            "directResponse",
            "rewrite",
            "sourceLabels",
            "sourceNamespace",
            "portLevelSettings",
            "REGISTRY_ONLY",
            "defaultVirtualServiceExportTo",
            "destinationSubnets",
            "sniHosts",
            "AuthorizationPolicy",
            "istio.io/use-waypoint",
            "targetRefs",
            "HTTPRoute",
            "GRPCRoute",
            "TLSRoute",
            "TCPRoute",
            "ReferenceGrant",
            "urlRewrite",
            "EnvoyFilter",
            "WorkloadEntry",
            "PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
            "BackendTLSPolicy",
            "ListenerSet",
        ] {
            let count = texts.iter().filter(|text| text.contains(word)).count();
            assert!(count > 2, "{word} is in {count} clusters");
        }
    }
}
