//! Who else could answer for a host of an egress: found before anything is written, told in its state afterwards. Closes the
//! kind «another namespace declares a host of ours», whatever object it uses.

use egress_core::index::Index;
use egress_core::inventory::answering::{Rank, answering};
use egress_core::inventory::{self, State};
use egress_core::resource::Resource;
use egress_core::snapshot::Snapshot;

use crate::conflicts::{assert_found, find, lines};
use crate::fixture::{documented, in_every_layout, objects, request, snapshot, stored};

/// An entry with the name that the upstream of `edition.cnn.com` in `shop` has.
const SQUATTER: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: squat, namespace: billing, uid: s}
spec:
  hosts: [edition.cnn.com.shop.egress.internal]
  exportTo: [istio-system]
  resolution: STATIC
  endpoints: [{address: 198.51.100.66}]
  ports: [{number: 80, name: http, protocol: HTTP}]
";

const FOUND: [&str; 1] = ["refusal serviceentry/squat in namespace billing (spec.hosts)"];

#[test]
fn whoever_declares_the_name_of_the_upstream_is_refused_however_they_do() {
    for squatter in [
        SQUATTER.to_owned(),
        SQUATTER.replace("resolution: STATIC", "resolution: DNS"),
        SQUATTER
            .replace("resolution: STATIC", "resolution: NONE")
            .replace("endpoints: [{address: 198.51.100.66}]", ""),
        SQUATTER.replace("endpoints: [{address: 198.51.100.66}]", "workloadSelector: {labels: {app: catch}}"),
        SQUATTER.replace("hosts: [", "hosts: [www.example.com, "),
        SQUATTER.replace("edition.cnn.com.shop.egress", "Edition.CNN.com.shop.egress"),
        SQUATTER.replace("exportTo: [istio-system]", "exportTo: ['*']"),
        SQUATTER.replace("exportTo: [istio-system]", "exportTo: ['.', istio-system, shop]"),
        SQUATTER.replace("  exportTo: [istio-system]\n", ""),
        SQUATTER.replace("uid: s}", "uid: s, labels: {app.kubernetes.io/managed-by: kubectl-egress}}"),
    ] {
        assert_found(&request("edition.cnn.com"), &squatter, &FOUND);
    }
    for harmless in [
        SQUATTER.replace("exportTo: [istio-system]", "exportTo: ['.']"),
        SQUATTER.replace("exportTo: [istio-system]", "exportTo: [shop]"),
        SQUATTER.replace("exportTo: [istio-system]", "exportTo: ['~']"),
        SQUATTER.replace("cnn.com.shop", "cnn.com.billing"),
    ] {
        assert_found(&request("edition.cnn.com"), &harmless, &[]);
    }
}

#[test]
fn the_namespaces_of_the_gateway_and_of_the_egress_itself_are_no_exception() {
    let of_gateway = SQUATTER.replace("namespace: billing", "namespace: istio-system");
    assert_found(
        &request("edition.cnn.com"),
        &of_gateway.replace("exportTo: [istio-system]", "exportTo: ['.']"),
        &["refusal serviceentry/squat in namespace istio-system (spec.hosts)"],
    );
    // istiod keeps the endpoints of one host and namespace together, whoever sees which entry.
    let beside = SQUATTER.replace("namespace: billing", "namespace: shop");
    assert_found(
        &request("edition.cnn.com"),
        &beside.replace("exportTo: [istio-system]", "exportTo: ['.']"),
        &["refusal serviceentry/squat in namespace shop (spec.hosts)"],
    );
}

#[test]
fn age_is_no_excuse_and_the_message_says_what_to_type() {
    let mut cluster = snapshot(&stored(&request("edition.cnn.com")));
    cluster.resources.extend(aged(SQUATTER, "2027-01-01T00:00:00Z"));
    let found = find(&request("edition.cnn.com"), &cluster);
    assert_eq!(lines(&found), FOUND);
    assert!(found[0].message.contains("edition.cnn.com.shop.egress.internal"), "{}", found[0].message);
    let command = "`kubectl delete serviceentry.networking.istio.io/squat -n billing`";
    assert!(found[0].hint.contains(command), "{}", found[0].hint);
}

#[test]
fn a_wildcard_over_our_names_cannot_answer_and_is_told_all_the_same() {
    for host in ["*.egress.internal", "*.shop.egress.internal", "*.com.shop.egress.internal"] {
        let wildcard = SQUATTER.replace("edition.cnn.com.shop.egress.internal", &format!("'{host}'"));
        assert_found(
            &request("edition.cnn.com"),
            &wildcard,
            &["warning serviceentry/squat in namespace billing (spec.hosts)"],
        );
    }
    // Clouds have names of their own there.
    for host in ["*.internal", "*.google.internal", "*.billing.egress.internal"] {
        let wildcard = SQUATTER.replace("edition.cnn.com.shop.egress.internal", &format!("'{host}'"));
        assert_found(&request("edition.cnn.com"), &wildcard, &[]);
    }
}

#[test]
fn in_the_documented_layout_an_entry_that_only_the_gateway_sees_is_refused_as_well() {
    let squatter = SQUATTER.replace("edition.cnn.com.shop.egress.internal", "edition.cnn.com");
    assert_found(&documented("edition.cnn.com"), &squatter, &FOUND);
    // The shared layout does not call the host by that name.
    assert_found(&request("edition.cnn.com"), &squatter, &[]);
    let beside = squatter.replace("namespace: billing", "namespace: shop").replace("[istio-system]", "['.']");
    let leads_elsewhere = [
        "refusal serviceentry/squat in namespace shop (spec.hosts)",
        "warning serviceentry/squat in namespace shop (spec.exportTo)",
    ];
    assert_found(&documented("edition.cnn.com"), &beside, &leads_elsewhere);
    let direct = beside
        .replace("resolution: STATIC", "resolution: DNS")
        .replace("  endpoints: [{address: 198.51.100.66}]\n", "");
    assert_found(
        &documented("edition.cnn.com"),
        &direct,
        &["warning serviceentry/squat in namespace shop (spec.exportTo)"],
    );
}

#[test]
fn an_entry_with_the_name_of_the_gateways_service_is_refused_where_callers_see_it() {
    let service = "istio-egressgateway.istio-system.svc.cluster.local";
    let squatter = SQUATTER.replace("edition.cnn.com.shop.egress.internal", service);
    let seen = squatter.replace("exportTo: [istio-system]", "exportTo: [shop]");
    for record in in_every_layout("edition.cnn.com") {
        assert_found(&record, &seen, &FOUND);
        assert_found(&record, &squatter, &[]);
    }
}

#[test]
fn what_callers_would_use_before_the_egress_is_refused_and_what_they_declare_themselves_is_not() {
    let older = SQUATTER.replace("edition.cnn.com.shop.egress.internal", "edition.cnn.com");
    let mut for_others = request("edition.cnn.com");
    for_others.intent.export_to = vec![".".to_owned(), "billing".to_owned()];
    let third =
        older.replace("namespace: billing", "namespace: default").replace("[istio-system]", "[billing]");
    assert_found(&for_others, &third, &["refusal serviceentry/squat in namespace default (spec.exportTo)"]);
    // Ours is exported by name, which comes before an entry that everybody sees.
    let warning = ["warning serviceentry/squat in namespace default (spec.exportTo)"];
    assert_found(&for_others, &third.replace("[billing]", "['*']"), &warning);
    let own = older.replace("[istio-system]", "['.']");
    assert_found(&for_others, &own, &["warning serviceentry/squat in namespace billing (spec.exportTo)"]);
}

#[test]
fn an_egress_whose_upstream_is_anothers_is_not_ready() {
    let mut cluster = snapshot(&[]);
    cluster.resources = aged_all(stored(&request("edition.cnn.com")), "2026-05-01T00:00:00Z");
    let ready = cluster.clone();
    assert_eq!(state(&ready), State::Ready);

    cluster.resources.extend(aged(SQUATTER, "2026-04-01T00:00:00Z"));
    let State::Taken { by } = state(&cluster) else { panic!("{:?}", state(&cluster)) };
    assert_eq!(by.to_string(), "serviceentry/squat in namespace billing");

    // One that is younger, or that everybody sees, waits.
    for (yaml, created) in [
        (SQUATTER.to_owned(), "2026-06-01T00:00:00Z"),
        (SQUATTER.replace("[istio-system]", "['*']"), "2026-04-01T00:00:00Z"),
    ] {
        let mut cluster = ready.clone();
        cluster.resources.extend(aged(&yaml, created));
        assert_eq!(state(&cluster), State::Ready);
        let egresses = inventory::egresses(&cluster);
        let found = answering(&egresses[0], &Index::of(&cluster));
        assert_eq!(found.iter().map(|other| other.rank).collect::<Vec<_>>(), [Rank::After]);
    }
}

#[test]
fn an_egress_whose_upstream_was_deleted_is_taken_by_who_waited() {
    let mut cluster = snapshot(&[]);
    cluster.resources = aged_all(stored(&request("edition.cnn.com")), "2026-05-01T00:00:00Z");
    cluster.resources.extend(aged(SQUATTER, "2026-06-01T00:00:00Z"));
    let upstream = |resource: &Resource| resource.id.name == "edition-cnn-com-upstream";
    cluster.resources.retain(|resource| !upstream(resource));
    assert!(matches!(state(&cluster), State::Taken { .. } | State::Incomplete { .. }));
    let egresses = inventory::egresses(&cluster);
    let found = answering(&egresses[0], &Index::of(&cluster));
    assert_eq!(found.iter().map(|other| other.rank).collect::<Vec<_>>(), [Rank::Before]);
}

fn state(cluster: &Snapshot) -> State {
    inventory::rows(cluster).into_iter().next().expect("a row").state
}

fn aged(yaml: &str, created: &str) -> Vec<Resource> {
    aged_all(objects(yaml), created)
}

fn aged_all(mut resources: Vec<Resource>, created: &str) -> Vec<Resource> {
    for resource in &mut resources {
        if let Some(live) = &mut resource.live {
            live.created = created.parse().ok();
        }
    }
    resources
}
