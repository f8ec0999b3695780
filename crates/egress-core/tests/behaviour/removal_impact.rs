//! What the end of an egress does to others.

use egress_core::inventory;
use egress_core::removal_impact::RemovalImpact;
use egress_core::snapshot::{OutboundMode, Snapshot};

use crate::conflicts::stored_in;
use crate::fixture::{objects, request, snapshot, stored};

#[test]
fn an_egress_that_nobody_else_uses_goes_without_a_word() {
    let cluster = snapshot(&stored(&request("edition.cnn.com")));
    assert_eq!(said(&cluster), [""; 0]);
}

#[test]
fn an_entry_of_someone_else_that_stays_is_a_direct_way() {
    let mut found = stored(&request("edition.cnn.com"));
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: billing}
spec: {hosts: [edition.cnn.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
";
    found.extend(objects(entry));
    let said = said(&snapshot(&found));
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("serviceentry/cnn in namespace billing") && said[0].contains("directly"));
}

#[test]
fn a_mesh_that_lets_unknown_hosts_out_lets_this_one_out() {
    let mut cluster = snapshot(&stored(&request("edition.cnn.com")));
    for (mode, sentences) in
        [(Some(OutboundMode::AllowAny), 1), (Some(OutboundMode::RegistryOnly), 0), (None, 0)]
    {
        cluster.mesh.outbound = mode;
        assert_eq!(said(&cluster).len(), sentences, "{mode:?}");
    }
}

#[test]
fn what_a_sidecar_does_with_unknown_hosts_comes_before_the_mesh() {
    let sidecar = |mode: &str, namespace: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {{name: default, namespace: {namespace}}}, \
             spec: {{outboundTrafficPolicy: {{mode: {mode}}}}}}}"
        )
    };
    for (mesh, mode, namespace, sentences) in [
        (OutboundMode::AllowAny, "REGISTRY_ONLY", "istio-system", 0),
        (OutboundMode::AllowAny, "REGISTRY_ONLY", "shop", 0),
        (OutboundMode::AllowAny, "REGISTRY_ONLY", "billing", 1),
        (OutboundMode::RegistryOnly, "ALLOW_ANY", "shop", 1),
        (OutboundMode::RegistryOnly, "ALLOW_ANY", "billing", 0),
    ] {
        let mut found = stored(&request("edition.cnn.com"));
        found.extend(objects(&sidecar(mode, namespace)));
        let mut cluster = snapshot(&found);
        cluster.mesh.outbound = Some(mesh);
        assert_eq!(said(&cluster).len(), sentences, "{mesh} and {mode} in {namespace}");
    }
}

#[test]
fn connections_of_another_namespace_are_drained_where_both_speak_tls() {
    for (other, sentences) in [("edition.cnn.com:443", 1), ("edition.cnn.com:80", 0), ("www.cnn.com:443", 0)]
    {
        let mut found = stored(&request("edition.cnn.com"));
        let objects = stored_in("billing", request(other)).into_iter();
        found.extend(objects.filter(|object| object.id.namespace == "billing"));
        assert_eq!(said(&snapshot(&found)).len(), sentences, "{other}");
    }
}

/// What is said when the egress of `shop` is removed.
fn said(cluster: &Snapshot) -> Vec<String> {
    let all = inventory::egresses(cluster);
    let shop = all.iter().find(|egress| egress.namespace == "shop").expect("an egress of shop");
    RemovalImpact::of(&all, cluster).consequences(shop)
}
