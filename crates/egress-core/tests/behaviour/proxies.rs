//! What Envoy prints, read from dumps of a real mesh: a gateway pod and a sidecar that have `edition.cnn.com`, shortened
//! to the objects that matter. `*-configured.json` is what an Envoy printed of clusters that were written as istiod does.

use egress_core::proof::{Expectation, Side, check};
use egress_core::proxy::dump::{Listeners, clusters, configured, listeners, missing_secrets, route_configs};
use egress_core::proxy::{ClusterView, ProxyView};
use proptest::prelude::*;

use crate::fixture::{added, request, snapshot};

const UPSTREAM: &str = "edition.cnn.com.shop.egress.internal";

#[test]
fn a_gateway_pod_is_read() {
    let view = gateway();
    let [host] = view.virtual_hosts.as_slice() else { panic!("{:?}", view.virtual_hosts) };
    assert_eq!(host.table, "https.80.https-mesh.kubectl-egress-istio-egressgateway.istio-system");
    assert!(host.domains.contains("edition.cnn.com"));
    assert!(host.clusters.contains(&format!("outbound|80||{UPSTREAM}")));
    let [chain] = view.chains.as_slice() else { panic!("{:?}", view.chains) };
    assert_eq!(chain.listener, "0.0.0.0_8443");
    assert!(chain.server_names.contains("edition.cnn.com"));
    assert!(chain.clusters.contains(&format!("outbound|443||{UPSTREAM}")));
    assert_eq!(view.clusters[&format!("outbound|443||{UPSTREAM}")].healthy, 1);
    let nothing = ClusterView::default();
    assert_eq!(view.clusters["BlackHoleCluster"], nothing, "a cluster without endpoints");
}

#[test]
fn a_sidecar_is_read() {
    let view = sidecar();
    let tables: Vec<&str> = view.virtual_hosts.iter().map(|host| host.table.as_str()).collect();
    assert_eq!(tables, ["80", "80", "80"], "the host, the gateway's Service, and everything else");
    let ends: Vec<&str> = view.chains.iter().map(|chain| chain.listener.as_str()).collect();
    assert_eq!(ends, ["0.0.0.0_443"], "a chain without SNI tells nothing of a host");
    let mesh = &view.clusters["outbound|80|mesh|istio-egressgateway.istio-system.svc.cluster.local"];
    assert_eq!((mesh.endpoints, mesh.healthy), (2, 2));
}

#[test]
fn every_proof_of_an_add_is_met_by_the_proxies_of_a_mesh_that_has_the_host() {
    let (gateway, sidecar) = (gateway(), sidecar());
    for (step, expectation) in expectations() {
        let view = if expectation.side == Side::Gateway { &gateway } else { &sidecar };
        assert_eq!(check(view, &expectation), Ok(()), "{step}");
    }
}

#[test]
fn no_proof_of_an_add_is_met_by_a_mesh_that_has_another_host_only() {
    let (gateway, sidecar) = (gateway(), sidecar());
    let record = request("api.github.com");
    let plan = added(&record, &snapshot(&[]));
    let proofs = plan.steps.into_iter().filter_map(|step| Some((step.role.to_string(), step.proof?)));
    for (step, expectation) in proofs.filter(|(step, _)| step != "shared DestinationRule") {
        let view = if expectation.side == Side::Gateway { &gateway } else { &sidecar };
        assert!(check(view, &expectation).is_err(), "{step}");
    }
}

#[test]
fn answers_that_are_not_envoys_own_are_errors() {
    for text in [
        "",
        "OK",
        "[]",
        "{\"configs\": 1}",
        "<html>",
        "{\"configs\":[{\"route_config\":{\"virtual_hosts\":3}}]}",
    ] {
        assert!(route_configs(text.as_bytes()).is_err() || text == "[]", "{text}");
    }
    assert!(clusters(b"{\"cluster_statuses\": {}}").is_err());
    assert!(configured(b"{\"configs\":[{\"cluster\":{\"load_assignment\":3}}]}").is_err());
}

#[test]
fn an_envoy_without_anything_is_read_as_nothing() {
    assert_eq!(route_configs(b"{}").unwrap(), []);
    assert_eq!(listeners(b"{}").unwrap(), Listeners::default());
    assert!(clusters(b"{}").unwrap().is_empty());
    assert!(configured(b"{}").unwrap().is_empty());
}

proptest! {
    /// An answer may be cut short at any byte.
    #[test]
    fn an_answer_that_was_cut_short_is_an_error_and_never_half_read(at in 1..800_usize) {
        let whole = include_bytes!("dumps/gateway-routes.json");
        let end = whole.iter().rposition(|byte| *byte == b'}').unwrap();
        prop_assert!(route_configs(&whole[..at.min(end)]).is_err());
    }
}

fn expectations() -> Vec<(String, Expectation)> {
    let record = request("edition.cnn.com");
    let plan = added(&record, &snapshot(&[]));
    let proofs: Vec<_> =
        plan.steps.into_iter().filter_map(|step| Some((step.role.to_string(), step.proof?))).collect();
    assert_eq!(proofs.len(), 4);
    proofs
}

/// Envoy's answer where a plaintext server and a TLS server want one port of the gateway.
#[test]
fn what_envoy_refused_is_told_with_its_reason() {
    let rejected = listeners(include_bytes!("dumps/refused-listener.json")).unwrap().rejected;
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].name, "0.0.0.0_8080");
    assert!(rejected[0].reason.contains("has the same matching rules"), "{}", rejected[0].reason);
}

#[test]
fn secrets_that_did_not_come_are_told_by_name() {
    let missing = missing_secrets(include_bytes!("dumps/missing-secrets.json")).unwrap();
    assert!(missing.iter().eq(["kubernetes://nope", "kubernetes://nope-cacert"]));
    assert!(missing_secrets(b"{}").unwrap().is_empty());
}

/// A gateway pod that serves the host.
pub(crate) fn gateway() -> ProxyView {
    ProxyView {
        virtual_hosts: route_configs(include_bytes!("dumps/gateway-routes.json")).unwrap(),
        chains: listeners(include_bytes!("dumps/gateway-listeners.json")).unwrap().chains,
        clusters: clusters(include_bytes!("dumps/gateway-clusters.json")).unwrap(),
        configured: configured(include_bytes!("dumps/gateway-configured.json")).unwrap(),
        ..ProxyView::default()
    }
}

/// A sidecar that knows the host.
pub(crate) fn sidecar() -> ProxyView {
    ProxyView {
        virtual_hosts: route_configs(include_bytes!("dumps/client-routes.json")).unwrap(),
        chains: listeners(include_bytes!("dumps/client-listeners.json")).unwrap().chains,
        clusters: clusters(include_bytes!("dumps/client-clusters.json")).unwrap(),
        configured: configured(include_bytes!("dumps/client-configured.json")).unwrap(),
        ..ProxyView::default()
    }
}
