//! What stands in the way of an egress in the callers' view and by its names: each conflict with an object that is in the
//! way and with one, as like it as can be, that is not.

use egress_core::conflict;
use egress_core::index::Index;
use egress_core::inventory;
use egress_core::metadata::Record;
use egress_core::operation::existing::Existing;
use egress_core::resource::Resource;
use egress_core::snapshot::{ServiceFacts, Snapshot};
use egress_core::visibility::defaults::apply_default_export_to;

use crate::fixture::{documented, in_every_layout, objects, parts, request, snapshot, stored};

const ROUTES: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cnn, namespace: shop, uid: v}
spec:
  hosts: [edition.cnn.com]
  http: [{route: [{destination: {host: news.shop.svc.cluster.local}}]}]
";

const ENTRY: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: billing, uid: e}
spec:
  hosts: [edition.cnn.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
";

const RULE: &str = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: gateway-settings, namespace: shop, uid: d}
spec:
  host: istio-egressgateway.istio-system.svc.cluster.local
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 10}}}
";

const SIDECAR: &str = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop, uid: s}
spec:
  egress: [{hosts: [istio-system/*]}]
";

#[test]
fn other_routes_of_the_host_in_the_callers_view_are_refused() {
    assert_found(
        &request("edition.cnn.com"),
        ROUTES,
        &["refusal virtualservice/cnn in namespace shop (spec.hosts)"],
    );
    for harmless in [
        ROUTES.replace("hosts: [edition.cnn.com]", "hosts: [www.cnn.com]"),
        ROUTES
            .replace("namespace: shop, uid", "namespace: billing, uid")
            .replace("spec:", "spec:\n  exportTo: ['.']"),
        ROUTES.replace("spec:", "spec:\n  gateways: [istio-system/ingress]"),
    ] {
        assert_found(&request("edition.cnn.com"), &harmless, &[]);
    }
}

#[test]
fn routes_of_other_namespaces_count_where_the_callers_see_them() {
    let elsewhere = ROUTES.replace("namespace: shop, uid", "namespace: billing, uid");
    assert_found(
        &request("edition.cnn.com"),
        &elsewhere,
        &["refusal virtualservice/cnn in namespace billing (spec.hosts)"],
    );
}

#[test]
fn an_entry_of_someone_else_is_a_warning_since_the_shared_layout_is_immune() {
    let found = conflicts(&request("edition.cnn.com"), ENTRY);
    assert_eq!(lines(&found), ["warning serviceentry/cnn in namespace billing (spec.exportTo)"]);
    assert!(found[0].message.contains("can leave directly"), "{}", found[0].message);
    for harmless in
        [ENTRY.replace("spec:", "spec:\n  exportTo: ['.']"), ENTRY.replace("edition.cnn.com", "www.cnn.com")]
    {
        assert_found(&request("edition.cnn.com"), &harmless, &[]);
    }
}

#[test]
fn what_the_mesh_hides_by_default_is_in_nobodys_way() {
    let elsewhere = ROUTES.replace("namespace: shop, uid", "namespace: billing, uid");
    let mut cluster = snapshot(&objects(&format!("{ENTRY}---{elsewhere}")));
    assert_eq!(find(&request("edition.cnn.com"), &cluster).len(), 2);
    cluster.mesh.default_export_to.services = vec![".".to_owned()];
    cluster.mesh.default_export_to.virtual_services = vec![".".to_owned()];
    apply_default_export_to(&mut cluster);
    assert_eq!(lines(&find(&request("edition.cnn.com"), &cluster)), Vec::<String>::new());
}

#[test]
fn an_entry_that_the_gateway_sees_as_well_is_refused_in_the_documented_layout() {
    assert_found(
        &documented("edition.cnn.com"),
        ENTRY,
        &["refusal serviceentry/cnn in namespace billing (spec.hosts)"],
    );
    let unseen = ENTRY.replace("spec:", "spec:\n  exportTo: [shop]");
    assert_found(
        &documented("edition.cnn.com"),
        &unseen,
        &["warning serviceentry/cnn in namespace billing (spec.exportTo)"],
    );
}

#[test]
fn a_rule_that_hides_the_subset_from_the_callers_is_refused() {
    assert_found(
        &request("edition.cnn.com"),
        RULE,
        &["refusal destinationrule/gateway-settings in namespace shop (spec.host)"],
    );
    for harmless in [
        RULE.replace("istio-egressgateway.", "istio-ingressgateway."),
        RULE.replace("namespace: shop, uid", "namespace: billing, uid"),
        RULE.replace("trafficPolicy:", "subsets: [{name: mesh}]\n  trafficPolicy:"),
    ] {
        assert_found(&request("edition.cnn.com"), &harmless, &[]);
    }
    assert_found(&documented("edition.cnn.com"), RULE, &[]);
}

#[test]
fn a_sidecar_resource_that_does_not_import_the_host_is_refused() {
    assert_found(
        &request("edition.cnn.com"),
        SIDECAR,
        &["refusal sidecar/default in namespace shop (spec.egress)"],
    );
    for open in ["istio-system/*, './*'", "shop/edition.cnn.com", "'*/*'"] {
        assert_found(&request("edition.cnn.com"), &SIDECAR.replace("istio-system/*", open), &[]);
    }
    let for_others = SIDECAR.replace("spec:", "spec:\n  workloadSelector: {labels: {app: batch}}");
    assert_found(&request("edition.cnn.com"), &for_others, &[]);
}

#[test]
fn a_service_of_the_cluster_with_the_name_of_the_host_is_refused() {
    let record = request("edition.cnn.com");
    let service = |name: &str, namespace: &str| ServiceFacts {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..ServiceFacts::default()
    };
    let mut cluster = snapshot(&[]);
    cluster.mesh.cluster_domain = "cnn.com".to_owned();
    cluster.services = vec![service("edition", "shop")];
    assert!(find(&record, &cluster).is_empty());
    // Such a host is refused when it is typed, unless the cluster has a domain of its own.
    let inside = request("edition.shop.svc.cnn.com");
    assert_eq!(
        lines(&find(&inside, &cluster)),
        ["refusal service/edition in namespace shop (metadata.name)"]
    );
}

#[test]
fn a_name_that_is_taken_is_refused_and_never_written_over() {
    let taken = ENTRY.replace("name: cnn, namespace: billing", "name: edition-cnn-com, namespace: shop");
    let other_host = taken.replace("edition.cnn.com", "www.cnn.com");
    assert_found(
        &request("edition.cnn.com"),
        &other_host,
        &["refusal serviceentry/edition-cnn-com in namespace shop (metadata.name)"],
    );
    let elsewhere = other_host.replace("namespace: shop", "namespace: billing");
    assert_found(&request("edition.cnn.com"), &elsewhere, &[]);
}

#[test]
fn an_object_of_ours_for_another_host_is_refused() {
    let record = request("edition.cnn.com");
    let mut found = stored(&record);
    for object in &mut found {
        if let Some(host) = object.annotations.get_mut("kubectl-egress.github.io/host") {
            "www.cnn.com\u{1b}[31m".clone_into(host);
        }
    }
    let found = find(&record, &snapshot(&found));
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|conflict| conflict.message.contains("www.cnn.com")));
    assert!(!found.iter().any(|conflict| conflict.message.contains('\u{1b}')), "{found:?}");
    assert!(find(&record, &snapshot(&stored(&record))).is_empty());
}

#[test]
fn a_shared_pair_that_was_edited_is_refused_not_put_right() {
    let record = request("edition.cnn.com");
    let mut found = stored(&record);
    let narrower = objects(
        "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: x, namespace: istio-system}
spec: {selector: {istio: egressgateway}, servers: []}
",
    );
    found[0].spec = narrower[0].spec.clone();
    let refused = find(&record, &snapshot(&found));
    assert_eq!(
        lines(&refused),
        ["refusal gateway/kubectl-egress-istio-egressgateway in namespace istio-system (spec)"]
    );
}

#[test]
fn the_documented_layout_is_refused_where_it_would_hide_the_subset_of_shared_egresses() {
    let shared = stored(&request("api.github.com"));
    let refused = find(&documented("edition.cnn.com"), &snapshot(&shared));
    assert_eq!(lines(&refused), ["refusal virtualservice/api-github-com in namespace shop (spec.http)"]);
    let tls_only = stored(&request("api.github.com:443"));
    assert!(find(&documented("edition.cnn.com:80"), &snapshot(&tls_only)).is_empty());
}

#[test]
fn nothing_is_in_the_way_of_what_exists_already() {
    for record in in_every_layout("edition.cnn.com") {
        assert!(find(&record, &snapshot(&stored(&record))).is_empty(), "{:?}", record.intent.layout);
    }
}

#[test]
fn refusals_come_before_warnings() {
    let both = [ENTRY, ROUTES].join("---");
    let found = lines(&conflicts(&request("edition.cnn.com"), &both));
    assert!(found[0].starts_with("refusal") && found[1].starts_with("warning"), "{found:?}");
}

/// Checks what is in the way of a request where these objects exist.
pub(crate) fn assert_found(record: &Record, yaml: &str, expected: &[&str]) {
    assert_eq!(lines(&conflicts(record, yaml)), expected, "{yaml}");
}

fn conflicts(record: &Record, yaml: &str) -> Vec<conflict::Conflict> {
    find(record, &snapshot(&objects(yaml)))
}

/// What is in the way of a request in a cluster.
pub(crate) fn find(record: &Record, cluster: &Snapshot) -> Vec<conflict::Conflict> {
    let gateway = cluster.gateway(&record.intent.gateway).expect("a gateway of the cluster");
    let all = inventory::egresses(cluster);
    let existing = Existing::of(&all);
    let index = Index::of(cluster);
    conflict::find(record, &parts(record), gateway, &index.without([]), existing.of_host(&record.intent.host))
}

/// Severity, object and field of each conflict.
pub(crate) fn lines(found: &[conflict::Conflict]) -> Vec<String> {
    let line = |found: &conflict::Conflict| {
        assert!(!found.message.is_empty() && !found.hint.is_empty(), "{found:?}");
        format!("{:?} {} ({})", found.severity, found.object, found.field)
            .replace("Refusal", "refusal")
            .replace("Warning", "warning")
    };
    found.iter().map(line).collect()
}

/// The objects of a request of another namespace.
pub(crate) fn stored_in(namespace: &str, mut record: Record) -> Vec<Resource> {
    namespace.clone_into(&mut record.intent.namespace);
    stored(&record)
}

#[test]
fn a_namespace_that_istiod_does_not_read_is_refused() {
    let mut cluster = snapshot(&[]);
    let selector = serde_json::json!({ "matchLabels": { "mesh": "on" } });
    cluster.mesh.discovery_selectors = vec![serde_json::from_value(selector).expect("a selector")];
    let label = |cluster: &mut Snapshot, name: &str| {
        let found = cluster.namespaces.iter_mut().find(|namespace| namespace.name == name);
        found.expect("a namespace").labels.insert("mesh".to_owned(), "on".to_owned());
    };
    let request = request("edition.cnn.com");
    let unread = "refusal configmap/istio in namespace istio-system (discoverySelectors)";
    assert_eq!(lines(&find(&request, &cluster)), [unread]);
    label(&mut cluster, "shop");
    assert_eq!(lines(&find(&request, &cluster)), [""; 0]);

    // The root namespace is always read; another namespace of a gateway is not.
    let mut elsewhere = request.clone();
    elsewhere.intent.gateway = crate::fixture::other_gateway();
    assert_eq!(lines(&find(&elsewhere, &cluster)), [unread]);
    label(&mut cluster, "egress");
    assert_eq!(lines(&find(&elsewhere, &cluster)), [""; 0]);
    cluster.namespaces.clear();
    assert_eq!(lines(&find(&elsewhere, &cluster)), [""; 0]);
}

#[test]
fn a_gateway_whose_service_the_callers_do_not_see_is_refused() {
    let mut cluster = snapshot(&[]);
    let gateway = cluster.gateways[0].name.clone();
    cluster.services = vec![ServiceFacts {
        namespace: gateway.namespace.clone(),
        name: gateway.service.clone(),
        ..ServiceFacts::default()
    }];
    for record in in_every_layout("edition.cnn.com") {
        let is_looked_up = record.intent.layout == egress_core::intent::Layout::Endpoints;
        let expected = |line: &str| if is_looked_up { Vec::new() } else { vec![line.to_owned()] };

        cluster.mesh.default_export_to.services = vec![".".to_owned()];
        cluster.services[0].export_to = None;
        let line = "refusal configmap/istio in namespace istio-system (defaultServiceExportTo)";
        assert_eq!(lines(&find(&record, &cluster)), expected(line));
        cluster.services[0].export_to = Some(vec!["shop".to_owned()]);
        assert_eq!(lines(&find(&record, &cluster)), [""; 0]);

        cluster.mesh.default_export_to.services = Vec::new();
        cluster.services[0].export_to = Some(vec!["billing".to_owned()]);
        let line = "refusal service/istio-egressgateway in namespace istio-system \
                    (metadata.annotations[networking.istio.io/exportTo])";
        assert_eq!(lines(&find(&record, &cluster)), expected(line));
        cluster.services[0].export_to = Some(vec!["*".to_owned()]);
        assert_eq!(lines(&find(&record, &cluster)), [""; 0]);
    }
}
