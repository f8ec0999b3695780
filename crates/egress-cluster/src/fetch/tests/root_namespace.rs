//! The root namespace comes from istiod's own objects, or is unknown. The kind: policies that nobody found allow
//! everything.

use super::*;

const MAPS: &str = "/api/v1/namespaces/istio-system/configmaps";
const ISTIO: &str = "/api/v1/namespaces/istio-system/configmaps/istio";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

fn map(name: &str, mesh: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"mesh": mesh}})
}

/// An injector's webhook that calls istiod in a namespace.
fn webhooks(namespaces: &[&str]) -> Value {
    let one = |namespace: &&str| {
        let client = json!({"service": {"name": "istiod", "namespace": namespace}});
        json!({"metadata": {"name": format!("istio-sidecar-injector-{namespace}"), "labels": {"istio.io/rev": "default"}},
            "webhooks": [{"name": "object.sidecar-injector.istio.io", "clientConfig": client,
                "sideEffects": "None", "admissionReviewVersions": ["v1"]}]})
    };
    json!({"items": namespaces.iter().map(one).collect::<Vec<_>>()})
}

async fn root(fake: Fake, named: Option<&str>) -> (String, Option<String>) {
    let scope = Scope {
        namespaces: Namespaces::Some(vec!["shop".to_owned()]),
        gateway: None,
        nodes: false,
        root_namespace: named.map(str::to_owned),
    };
    let mesh = Cluster::fake(move |path| fake.answer(path)).fetch(&scope).await.unwrap().mesh;
    (mesh.root_namespace, mesh.root_unknown)
}

#[tokio::test]
async fn the_configuration_names_it() {
    let fake = || Fake::mesh().on(ISTIO, map("istio", "rootNamespace: mesh-root"));
    assert_eq!(root(fake(), None).await, ("mesh-root".to_owned(), None));
    assert_eq!(root(fake(), Some("mesh-root")).await, ("mesh-root".to_owned(), None));
    // Naming a namespace without policies does not bypass policies.
    let (_, why) = root(fake(), Some("empty")).await;
    assert!(why.unwrap().starts_with("`--root-namespace` names empty, and configmap/istio in namespace"));
}

#[tokio::test]
async fn a_configuration_that_may_not_be_read_leaves_it_unknown() {
    let fake = || Fake::mesh().refuse(ISTIO).refuse(MAPS).refuse(VALIDATING).refuse(MUTATING);
    let (_, why) = root(fake(), None).await;
    assert!(why.unwrap().starts_with("configmap/istio in namespace istio-system could not be read: "));
    assert_eq!(root(fake(), Some("elsewhere")).await, ("elsewhere".to_owned(), None));
}

#[tokio::test]
async fn a_mesh_without_any_configuration_leaves_it_unknown() {
    let fake = || Fake::mesh().missing(ISTIO);
    let (_, why) = root(fake(), None).await;
    assert!(why.unwrap().contains("no configuration"));
    assert_eq!(root(fake(), Some("mesh")).await, ("mesh".to_owned(), None));
}

#[tokio::test]
async fn a_configuration_that_is_not_yaml_leaves_it_unknown() {
    let (_, why) = root(Fake::mesh().on(ISTIO, map("istio", "rootNamespace: [")), None).await;
    assert!(why.unwrap().contains("could not be read"));
}

#[tokio::test]
async fn revisions_that_disagree_leave_it_unknown() {
    let revision = map("istio-1-31", "rootNamespace: other");
    let fake = || {
        Fake::mesh()
            .on(ISTIO, map("istio", "{}"))
            .on(MAPS, json!({"items": [revision.clone(), map("istio", "{}")]}))
            .on(&format!("{MAPS}/istio-1-31"), revision.clone())
    };
    let (_, why) = root(fake(), None).await;
    let why = why.unwrap();
    assert!(why.contains("configmap/istio in namespace istio-system says istio-system"), "{why}");
    assert!(why.contains("configmap/istio-1-31 in namespace istio-system says other"), "{why}");
    assert_eq!(root(fake(), Some("other")).await, ("other".to_owned(), None));
}

#[tokio::test]
async fn a_control_plane_elsewhere_is_found_by_its_webhooks() {
    let fake = Fake::mesh()
        // A leftover of an earlier installation.
        .on(ISTIO, map("istio", "{}"))
        .on(MUTATING, webhooks(&["mesh-system"]))
        .on("/api/v1/namespaces/mesh-system/configmaps/istio", map("istio", "rootNamespace: mesh-config"));
    assert_eq!(root(fake, None).await, ("mesh-config".to_owned(), None));
}

#[tokio::test]
async fn of_two_control_planes_both_are_read() {
    let other = "/api/v1/namespaces/mesh-b/configmaps/istio";
    let fake = || Fake::mesh().on(MUTATING, webhooks(&["istio-system", "mesh-b"]));
    let (_, why) = root(fake().on(other, map("istio", "rootNamespace: mesh-b")), None).await;
    assert!(why.unwrap().starts_with("the mesh has several: "));
    let (_, why) = root(fake().refuse(other), None).await;
    assert!(why.unwrap().starts_with("configmap/istio in namespace mesh-b could not be read"));
    let (same, why) = root(fake().on(other, map("istio", "{}")), None).await;
    assert_eq!((same.as_str(), why), ("istio-system", None));
}

#[tokio::test]
async fn a_control_plane_outside_of_the_cluster_leaves_it_unknown() {
    let hook = json!({"metadata": {"name": "istio-sidecar-injector"}, "webhooks": [{
        "name": "x", "clientConfig": {"url": "https://istiod.example.com/inject"}, "sideEffects": "None",
        "admissionReviewVersions": ["v1"]}]});
    let (_, why) = root(Fake::mesh().on(MUTATING, json!({"items": [hook]})), None).await;
    assert!(why.unwrap().contains("outside this cluster"));
}

#[tokio::test]
async fn the_shared_configuration_of_istiod_counts_where_its_own_is_silent() {
    let container =
        json!({"name": "discovery", "env": [{"name": "SHARED_MESH_CONFIG", "value": "everywhere"}]});
    let istiod = json!({"metadata": {"name": "istiod"}, "spec": {"selector": {}, "template": {"spec": {"containers": [container]}}}});
    let fake = |own: &str| {
        Fake::mesh()
            .on(ISTIO, map("istio", own))
            .on("/apis/apps/v1/namespaces/istio-system/deployments", json!({"items": [istiod.clone()]}))
            .on(&format!("{MAPS}/everywhere"), map("everywhere", "rootNamespace: shared-root"))
    };
    assert_eq!(root(fake("{}"), None).await, ("shared-root".to_owned(), None));
    assert_eq!(root(fake("rootNamespace: own"), None).await, ("own".to_owned(), None));
}

#[tokio::test]
async fn who_may_write_in_a_namespace_only_does_not_move_it() {
    // The kind: a tenant fakes a control plane. Pods and ConfigMaps of other namespaces do not count.
    let fake = Fake::mesh()
        .on("/api/v1/namespaces/billing/configmaps/istio", map("istio", "rootNamespace: billing"))
        .on(
            "/apis/apps/v1/namespaces/billing/deployments",
            json!({"items": [{"metadata": {"name": "istiod"}}]}),
        );
    assert_eq!(root(fake, None).await, ("istio-system".to_owned(), None));
}

/// A user without permission to list webhooks, in a cluster with pods of shop that connect to these control planes.
fn seen_from_pods(addresses: &[&str]) -> Fake {
    let pod = |(index, address): (usize, &&str)| {
        let proxy = json!({"name": "istio-proxy", "env": [{"name": "CA_ADDR", "value": address}]});
        json!({"metadata": {"name": format!("web-{index}"), "namespace": "shop"}, "spec": {"containers": [{"name": "web"}, proxy]}})
    };
    let pods: Vec<_> = addresses.iter().enumerate().map(pod).collect();
    Fake::mesh()
        // Without permission to read webhooks, this may be a leftover or not.
        .on(ISTIO, map("istio", "{}"))
        .on("/api/v1/namespaces/mesh-system/configmaps/istio", map("istio", "rootNamespace: mesh-config"))
        .on("/api/v1/namespaces/shop/pods", json!({"items": pods}))
        .refuse(VALIDATING)
        .refuse(MUTATING)
        .refuse(MAPS)
}

/// The kind: a user with few permissions bypasses policies. Without proof of the running control plane, its root
/// namespace is unknown.
#[tokio::test]
async fn without_webhooks_something_else_must_prove_the_control_plane() {
    let (_, why) = root(seen_from_pods(&[]), None).await;
    let why = why.unwrap();
    assert!(why.starts_with("the webhooks, which name the control planes, could not be read: "), "{why}");
    let named = root(seen_from_pods(&[]), Some("istio-system")).await;
    assert_eq!(named, ("istio-system".to_owned(), None));
    let usual = "istiod.istio-system.svc:15012";
    assert_eq!(root(seen_from_pods(&[usual]), None).await, ("istio-system".to_owned(), None));
    // No permission to list pods tells as little as no pods.
    let (_, why) = root(seen_from_pods(&[usual]).refuse("/api/v1/namespaces/shop/pods"), None).await;
    assert!(why.is_some());
    let moved = "istiod-canary.mesh-system.svc:15012";
    assert_eq!(root(seen_from_pods(&[moved]), None).await, ("mesh-config".to_owned(), None));
    let (_, why) = root(seen_from_pods(&[usual, moved]), None).await;
    assert!(why.unwrap().starts_with("the mesh has several: "));
    // A certificate authority that is not a control plane proves nothing.
    let (_, why) = root(seen_from_pods(&["cert-manager-istio-csr.cert-manager.svc:443"]), None).await;
    assert!(why.is_some());
    let istiod = json!({"items": [{"metadata": {"name": "istiod"}}]});
    let deployed = seen_from_pods(&[]).on("/apis/apps/v1/namespaces/istio-system/deployments", istiod);
    assert_eq!(root(deployed, None).await, ("istio-system".to_owned(), None));
}

#[tokio::test]
async fn the_revision_of_istiod_names_its_configuration() {
    let istiod = |container: Value| {
        let spec = json!({"selector": {}, "template": {"spec": {"containers": [container]}}});
        json!({"items": [{"metadata": {"name": "istiod-1-31"}, "spec": spec}]})
    };
    let fake = |container: Value| {
        Fake::mesh()
            .on("/apis/apps/v1/namespaces/istio-system/deployments", istiod(container))
            .on(&format!("{MAPS}/istio-1-31"), map("istio-1-31", "rootNamespace: other"))
            .refuse(MAPS)
            .missing(ISTIO)
    };
    let revision = json!({"name": "discovery", "env": [{"name": "REVISION", "value": "1-31"}]});
    assert_eq!(root(fake(revision), None).await, ("other".to_owned(), None));
    let file = json!({"name": "discovery", "args": ["discovery", "--meshConfig=/elsewhere"]});
    let (_, why) = root(fake(file), None).await;
    assert!(why.unwrap().contains("it is file /elsewhere of its pods"));
}
