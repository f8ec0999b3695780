//! The root namespace is found from istiod's own objects or is not known: closes the kind "policies that nobody found
//! allow everything".

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
    // Nobody gets around policies by naming a namespace that has none.
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
        // Left behind by an installation that is gone.
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
    assert!(why.unwrap().contains("outside of this cluster"));
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
    // Closes the kind "a tenant pretends to be a control plane": pods and ConfigMaps of other namespaces do not count.
    let fake = Fake::mesh()
        .on("/api/v1/namespaces/billing/configmaps/istio", map("istio", "rootNamespace: billing"))
        .on(
            "/apis/apps/v1/namespaces/billing/deployments",
            json!({"items": [{"metadata": {"name": "istiod"}}]}),
        );
    assert_eq!(root(fake, None).await, ("istio-system".to_owned(), None));
}
