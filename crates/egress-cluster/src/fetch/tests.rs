//! Fetches from a fake API server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use egress_core::kind::Kind;
use egress_core::snapshot::OutboundMode;
use serde_json::{Value, json};

use super::*;

mod one_reader;
mod root_namespace;

/// Responses by path; an empty list for all other paths.
struct Fake {
    answers: BTreeMap<String, (u16, Value)>,
}

impl Fake {
    /// A mesh with the stock gateway.
    fn mesh() -> Self {
        let fake = Fake { answers: BTreeMap::new() };
        fake.on("/apis/networking.istio.io", versions(&["v1", "v1beta1"]))
            .on("/api/v1/namespaces/istio-system/configmaps/istio", json!({"data": {"mesh": "{}"}}))
            .on("/api/v1/services", json!({"items": [gateway_service()]}))
            .on("/api/v1/pods", json!({"items": [gateway_pod()]}))
    }

    fn on(mut self, path: &str, body: Value) -> Self {
        self.answers.insert(path.to_owned(), (200, body));
        self
    }

    fn refuse(mut self, path: &str) -> Self {
        let status =
            json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": format!("no {path}")});
        self.answers.insert(path.to_owned(), (403, status));
        self
    }

    fn missing(mut self, path: &str) -> Self {
        let status = json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"});
        self.answers.insert(path.to_owned(), (404, status));
        self
    }

    fn answer(&self, path: &str) -> (u16, String) {
        let path = path.split('?').next().unwrap();
        self.answers.get(path).map_or((200, json!({"items": []}).to_string()), |(status, body)| {
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            (*status, text)
        })
    }

    async fn fetch(self, gateway: Option<&str>) -> Result<Snapshot, ClusterError> {
        let scope = Scope {
            namespaces: Namespaces::Some(vec!["shop".to_owned()]),
            gateway: gateway.map(|name| name.parse().unwrap()),
            nodes: true,
            root_namespace: None,
        };
        Cluster::fake(move |path| self.answer(path)).fetch(&scope).await
    }
}

fn versions(served: &[&str]) -> Value {
    let versions: Vec<Value> = served
        .iter()
        .map(|version| json!({"version": version, "groupVersion": format!("networking.istio.io/{version}")}))
        .collect();
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": "networking.istio.io", "versions": versions})
}

fn gateway_service() -> Value {
    json!({
        "metadata": {"name": "istio-egressgateway", "namespace": "istio-system"},
        "spec": {"selector": {"istio": "egressgateway"}, "ports": [{"name": "https", "port": 443, "targetPort": "tls"}]},
    })
}

fn gateway_pod() -> Value {
    json!({
        "metadata": {"name": "egress-1", "namespace": "istio-system", "labels": {"istio": "egressgateway"}},
        "spec": {"containers": [{"name": "istio-proxy", "ports": [{"name": "tls", "containerPort": 8443}]}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn entry(name: &str, hosts: &Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": "shop", "uid": "1"}, "spec": {"hosts": hosts},
    })
}

#[tokio::test]
async fn the_gateway_its_pods_and_its_ports_are_found() {
    let snapshot = Fake::mesh().fetch(None).await.unwrap();
    let gateway = &snapshot.gateways[0];
    assert_eq!(gateway.name.to_string(), "istio-system/istio-egressgateway");
    assert_eq!(gateway.ready_pods().count(), 1);
    assert_eq!(gateway.port(443).unwrap().target, Some(8443));
    assert_eq!(snapshot.mesh.api_version, "v1");
    assert_eq!(snapshot.mesh.outbound, Some(OutboundMode::AllowAny));
    assert_eq!(snapshot.unreadable, []);
}

#[tokio::test]
async fn a_gateway_is_found_by_the_label_of_its_pods_alone() {
    let service = json!({
        "metadata": {"name": "way-out", "namespace": "istio-system"},
        "spec": {"selector": {"app": "way-out"}, "ports": [{"port": 443}]},
    });
    let mut pod = gateway_pod();
    pod["metadata"]["labels"]["app"] = json!("way-out");
    let fake = Fake::mesh()
        .on("/api/v1/services", json!({"items": [service]}))
        .on("/api/v1/pods", json!({"items": [pod]}))
        .on("/api/v1/namespaces/istio-system/pods", json!({"items": [pod]}));
    let snapshot = fake.fetch(None).await.unwrap();
    assert_eq!(snapshot.gateways[0].name.service, "way-out");
    assert_eq!(snapshot.gateways[0].pods.len(), 1);
}

#[tokio::test]
async fn a_cluster_without_istio_says_so() {
    let mut fake = Fake::mesh();
    // Not a Status: the API server answers an unknown group in plain text.
    fake.answers.insert("/apis/networking.istio.io".to_owned(), (404, json!("404 page not found\n")));
    assert_eq!(fake.fetch(None).await.unwrap_err(), ClusterError::NoIstio);
}

#[tokio::test]
async fn the_newest_version_that_is_served_is_spoken() {
    let fake = Fake::mesh().on("/apis/networking.istio.io", versions(&["v1alpha3", "v1beta1"]));
    assert_eq!(fake.fetch(None).await.unwrap().mesh.api_version, "v1beta1");
}

#[tokio::test]
async fn where_a_kind_may_not_be_listed_everywhere_the_asked_namespace_is_read() {
    let own = entry("own", &json!(["example.com"]));
    let fake = Fake::mesh()
        .refuse("/apis/networking.istio.io/v1/serviceentries")
        .refuse("/apis/networking.istio.io/v1/namespaces/istio-system/serviceentries")
        .on("/apis/networking.istio.io/v1/namespaces/shop/serviceentries", json!({"items": [own]}));
    let snapshot = fake.fetch(None).await.unwrap();
    assert_eq!(snapshot.resources.len(), 1);
    let what: Vec<&str> = snapshot.unreadable.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(what, ["serviceentries.networking.istio.io outside namespace shop"]);
}

#[tokio::test]
async fn an_object_that_is_not_understood_is_told_and_hides_nothing_else() {
    let items = json!([entry("odd", &json!(7)), entry("good", &json!(["example.com"]))]);
    let fake = Fake::mesh().on("/apis/networking.istio.io/v1/serviceentries", json!({"items": items}));
    let snapshot = fake.fetch(None).await.unwrap();
    assert_eq!(snapshot.resources[0].id.name, "good");
    assert_eq!(snapshot.unreadable[0].what, "serviceentry/odd in namespace shop");
}

#[tokio::test]
async fn objects_of_a_kind_whose_lists_do_not_name_it_are_read_too() {
    let policy =
        json!({"metadata": {"name": "closed", "namespace": "shop", "uid": "1"}, "spec": {"egress": []}});
    let fake = Fake::mesh().on("/apis/networking.k8s.io/v1/networkpolicies", json!({"items": [policy]}));
    let cluster = Cluster::fake(move |path| fake.answer(path));
    let read = cluster.resources(&Kind::ALL.into(), &BTreeSet::new()).await.unwrap();
    let ids: Vec<String> = read.resources.iter().map(|resource| resource.id.to_string()).collect();
    assert_eq!((ids, read.unreadable), (vec!["networkpolicy/closed in namespace shop".to_owned()], vec![]));
}

#[tokio::test]
async fn the_mesh_configuration_of_a_revision_is_found() {
    let map = |name: &str| {
        let mesh = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}";
        json!({"metadata": {"name": name}, "data": {"mesh": mesh}})
    };
    let mesh = |maps: Value| {
        Fake::mesh()
            .missing("/api/v1/namespaces/istio-system/configmaps/istio")
            .on("/api/v1/namespaces/istio-system/configmaps", json!({"metadata": {}, "items": maps}))
            .on("/api/v1/namespaces/istio-system/configmaps/istio-1-30", map("istio-1-30"))
            .on("/api/v1/namespaces/istio-system/configmaps/istio-1-31", map("istio-1-31"))
    };
    let one = mesh(json!([map("istio-1-31"), map("other")])).fetch(None).await.unwrap();
    assert_eq!(one.mesh.outbound, Some(OutboundMode::RegistryOnly));
    let two = mesh(json!([map("istio-1-31"), map("istio-1-30")])).fetch(None).await.unwrap();
    assert_eq!(two.mesh.outbound, None);
    assert_eq!(two.unreadable[0].what, "configmap/istio in namespace istio-system");
}

#[tokio::test]
async fn a_named_gateway_that_does_not_exist_is_an_error() {
    let fake = Fake::mesh().missing("/api/v1/namespaces/istio-system/services/absent");
    let error = fake.fetch(Some("istio-system/absent")).await.unwrap_err();
    assert_eq!(error.to_string(), "egress gateway istio-system/absent: services \"absent\" not found");
}

#[tokio::test]
async fn a_gateway_that_may_not_be_read_is_assumed() {
    let hidden = || {
        Fake::mesh()
            .refuse("/api/v1/services")
            .refuse("/api/v1/namespaces/istio-system/services")
            .refuse("/api/v1/namespaces/istio-system/services/mine")
    };
    let snapshot = hidden().fetch(Some("istio-system/mine")).await.unwrap();
    assert!(snapshot.gateways[0].assumed);
    assert_eq!(snapshot.gateways[0].name.service, "mine");
    let snapshot = hidden().fetch(None).await.unwrap();
    assert_eq!(snapshot.gateways, [GatewayFacts::stock()]);
    assert!(snapshot.unreadable.iter().any(|row| row.what == "services outside namespace shop"));
}

#[tokio::test]
async fn long_lists_are_read_page_by_page() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let fake = Fake::mesh();
    let cluster = Cluster::fake(move |path| {
        if !path.starts_with("/apis/networking.istio.io/v1/serviceentries") {
            return fake.answer(path);
        }
        counter.fetch_add(1, Ordering::Relaxed);
        assert!(path.contains("limit="), "{path}");
        let page = match path.split_once("continue=") {
            None => json!({"metadata": {"continue": "next"}, "items": [entry("one", &json!(["a.example"]))]}),
            Some(_) => json!({"metadata": {}, "items": [entry("two", &json!(["b.example"]))]}),
        };
        (200, page.to_string())
    });
    let scope =
        Scope { namespaces: Namespaces::All(Vec::new()), gateway: None, nodes: false, root_namespace: None };
    assert_eq!(cluster.fetch(&scope).await.unwrap().resources.len(), 2);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_list_that_expires_between_two_pages_is_read_again_in_one_piece() {
    let fake = Fake::mesh();
    let cluster = Cluster::fake(move |path| {
        if !path.starts_with("/apis/networking.istio.io/v1/serviceentries") {
            return fake.answer(path);
        }
        let one = || entry("one", &json!(["a.example"]));
        match (path.contains("continue="), path.contains("limit=")) {
            (true, _) => (410, json!({"code": 410, "reason": "Expired", "message": "too old"}).to_string()),
            (false, true) => (200, json!({"metadata": {"continue": "next"}, "items": [one()]}).to_string()),
            (false, false) => {
                let two = entry("two", &json!(["b.example"]));
                (200, json!({"items": [one(), two]}).to_string())
            }
        }
    });
    let scope =
        Scope { namespaces: Namespaces::All(Vec::new()), gateway: None, nodes: false, root_namespace: None };
    assert_eq!(cluster.fetch(&scope).await.unwrap().resources.len(), 2);
}
