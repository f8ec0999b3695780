//! Reads the related resources from a fake API server.

use serde_json::{Value, json};

use super::*;

/// A server with these paths; 404 for all others.
fn server(answers: Vec<(&'static str, u16, Value)>) -> Cluster {
    Cluster::fake(move |path| {
        let path = path.split('?').next().unwrap_or_default();
        let found = answers.iter().find(|(known, _, _)| *known == path);
        let unknown = json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"});
        found.map_or_else(|| (404, unknown.to_string()), |(_, status, answer)| (*status, answer.to_string()))
    })
}

fn forbidden() -> Value {
    json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "not you"})
}

#[tokio::test]
async fn a_kind_that_is_not_served_was_read_and_there_is_none() {
    let related = server(Vec::new()).related_resources().await.unwrap();
    assert_eq!(related.facts, RelatedResources::default());
    assert_eq!(related.gaps, BTreeMap::new());
    assert_eq!(related.unreadable, []);
}

#[tokio::test]
async fn a_kind_that_may_not_be_listed_everywhere_is_a_gap() {
    let path = "/apis/networking.k8s.io/v1/networkpolicies";
    let related = server(vec![(path, 403, forbidden())]).related_resources().await.unwrap();
    assert_eq!(related.gaps, [(Input::NetworkPolicies, Gap::Unreadable("not you".to_owned()))].into());
    assert_eq!(related.unreadable[0].what, "networkpolicies.networking.k8s.io in all namespaces");
}

#[tokio::test]
async fn each_kind_of_the_gateway_api_is_read_in_the_best_version_that_has_it() {
    let group = json!({"name": "gateway.networking.k8s.io", "versions": [
        {"version": "v1", "groupVersion": "gateway.networking.k8s.io/v1"},
        {"version": "v1alpha2", "groupVersion": "gateway.networking.k8s.io/v1alpha2"},
    ]});
    let kinds = |names: &[&str]| {
        let resource = |name: &&str| json!({"name": name, "kind": "", "namespaced": true, "singularName": "", "verbs": []});
        json!({"groupVersion": "", "resources": names.iter().map(resource).collect::<Vec<_>>()})
    };
    let one =
        |name: &str| json!({"metadata": {}, "items": [{"metadata": {"name": name, "namespace": "shop"}}]});
    let related = server(vec![
        ("/apis/gateway.networking.k8s.io", 200, group),
        ("/apis/gateway.networking.k8s.io/v1", 200, kinds(&["gateways"])),
        ("/apis/gateway.networking.k8s.io/v1alpha2", 200, kinds(&["gateways", "tlsroutes"])),
        ("/apis/gateway.networking.k8s.io/v1/gateways", 200, one("egress")),
        ("/apis/gateway.networking.k8s.io/v1alpha2/tlsroutes", 200, one("cnn")),
    ])
    .related_resources()
    .await
    .unwrap();
    let found: Vec<(&str, &str)> = related
        .facts
        .gateway_api
        .iter()
        .map(|object| (object.api_version.as_str(), object.object.name.as_str()))
        .collect();
    let expected =
        [("gateway.networking.k8s.io/v1", "egress"), ("gateway.networking.k8s.io/v1alpha2", "cnn")];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn of_a_secret_only_its_name_is_kept() {
    let path = "/api/v1/namespaces/istio-system/secrets/client";
    let metadata = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": "client", "namespace": "istio-system"}, "data": {"tls.key": "c2VjcmV0"}});
    let wanted =
        ["client", "absent"].map(|name| ("istio-system".to_owned(), name.to_owned())).into_iter().collect();
    let found = server(vec![(path, 200, metadata)]).secrets(&wanted).await.unwrap().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), &found[0].keys), ("client", &None));
}
