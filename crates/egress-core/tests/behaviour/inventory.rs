//! What exists, read back: which objects belong together, and in which state they are.

use egress_core::index::Index;
use egress_core::inventory::state::{ChangedObject, State};
use egress_core::inventory::{EgressRow, pair, rows};
use egress_core::metadata::Record;
use egress_core::resource::Resource;
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;

use crate::fixture::{in_every_layout, objects, parts, request, snapshot, stored};

/// The four objects of Istio's task, as a person applies them.
const BY_HAND: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: shop, uid: e}
spec:
  hosts: [edition.cnn.com]
  ports: [{number: 80, name: http-port, protocol: HTTP}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: istio-egressgateway, namespace: shop, uid: g}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [edition.cnn.com]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: egressgateway-for-cnn, namespace: shop, uid: d}
spec:
  host: istio-egressgateway.istio-system.svc.cluster.local
  subsets: [{name: cnn}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: direct-cnn-through-egress-gateway, namespace: shop, uid: v}
spec:
  hosts: [edition.cnn.com]
  gateways: [istio-egressgateway, mesh]
  http:
  - match: [{gateways: [mesh], port: 80}]
    route:
    - destination: {host: istio-egressgateway.istio-system.svc.cluster.local, subset: cnn, port: {number: 80}}
  - match: [{gateways: [istio-egressgateway], port: 80}]
    route: [{destination: {host: edition.cnn.com, port: {number: 80}}}]
";

#[test]
fn a_whole_egress_is_ready_in_both_layouts() {
    for record in in_every_layout("edition.cnn.com") {
        let row = only(&stored(&record));
        assert_eq!(row.state, State::Ready);
        assert_eq!((row.namespace.as_str(), row.host.as_str()), ("shop", "edition.cnn.com"));
        assert_eq!(row.ports, ["80/HTTP", "443/TLS"]);
        assert_eq!(row.gateway, Some(record.intent.gateway));
        assert_eq!(row.nodes.iter().collect::<Vec<_>>(), ["infra-1", "infra-2"]);
        assert_eq!(row.layout, Some(record.intent.layout));
        assert_eq!(row.added_by.as_deref(), Some("jane"));
    }
}

#[test]
fn each_object_that_is_missing_is_named() {
    for record in in_every_layout("edition.cnn.com") {
        for part in parts(&record) {
            let mut found = stored(&record);
            found.retain(|object| object.id != part.resource.id);
            let row = only(&found);
            assert_eq!(row.state, State::Incomplete { missing: vec![part.resource.id] }, "{}", part.role);
        }
    }
}

#[test]
fn an_egress_whose_record_is_missing_still_tells_host_ports_and_gateway() {
    let mut found = stored(&request("edition.cnn.com"));
    found.retain(|object| !object.id.name.ends_with("-upstream"));
    let row = only(&found);
    assert_eq!(row.ports, ["80/HTTP", "443/TLS"]);
    assert_eq!(row.gateway, Some(request("edition.cnn.com").intent.gateway));
}

#[test]
fn an_object_that_was_edited_is_named_with_who_edited_it() {
    let record = request("edition.cnn.com");
    let mut found = stored(&record);
    let narrower = stored(&request("edition.cnn.com:443"));
    let leg = parts(&record).into_iter().find(|part| part.role == Role::MeshLeg).unwrap().resource.id;
    let edited = found.iter_mut().find(|object| object.id == leg).unwrap();
    edited.spec = narrower.iter().find(|object| object.id == leg).unwrap().spec.clone();
    edited.live.as_mut().unwrap().foreign_managers = vec!["kubectl-edit".to_owned()];
    let changes = vec![ChangedObject { object: leg, managers: vec!["kubectl-edit".to_owned()] }];
    assert_eq!(only(&found).state, State::Changed { changes });
}

#[test]
fn a_record_that_cannot_be_read_is_a_change_of_the_object_that_holds_it() {
    let mut found = stored(&request("edition.cnn.com"));
    for object in &mut found {
        if let Some(ports) = object.annotations.get_mut("kubectl-egress.github.io/ports") {
            "all of them".clone_into(ports);
        }
    }
    let State::Changed { changes } = only(&found).state else { panic!("not changed") };
    assert_eq!(changes[0].object.name, "edition-cnn-com-upstream");
}

#[test]
fn a_gateway_that_may_not_be_looked_at_does_not_make_an_egress_incomplete() {
    let mut found = stored(&request("edition.cnn.com"));
    found.retain(|object| object.id.namespace == "shop");
    let mut cluster = snapshot(&found);
    cluster.gateways.clear();
    assert_eq!(rows(&cluster)[0].state, State::Ready);
}

#[test]
fn egress_made_by_hand_is_listed_as_foreign() {
    let row = only(&objects(BY_HAND));
    assert_eq!(row.state, State::Foreign);
    assert_eq!((row.host.as_str(), row.namespace.as_str()), ("edition.cnn.com", "shop"));
    assert_eq!(row.ports, ["80/HTTP"]);
    assert_eq!(row.gateway, Some(request("edition.cnn.com").intent.gateway));
    assert_eq!(row.layout, None);
}

#[test]
fn routes_that_do_not_lead_to_an_egress_gateway_are_no_egress() {
    let elsewhere = BY_HAND.replace("istio-egressgateway.istio-system", "reviews.shop");
    assert_eq!(rows(&snapshot(&objects(&elsewhere))), []);
}

/// A match decides for which proxies its rule is; what is in `spec.gateways` decides where a rule has no match.
#[test]
fn rules_that_the_sidecars_do_not_follow_are_no_egress() {
    let at_gateway =
        BY_HAND.replace("match: [{gateways: [mesh],", "match: [{gateways: [istio-egressgateway],");
    assert_eq!(rows(&snapshot(&objects(&at_gateway))), []);
    let not_bound =
        BY_HAND.replace("gateways: [istio-egressgateway, mesh]", "gateways: [istio-egressgateway]");
    assert_eq!(rows(&snapshot(&objects(&not_bound))), []);
    let no_gateways = BY_HAND
        .replace("  gateways: [istio-egressgateway, mesh]\n", "")
        .replace("match: [{gateways: [mesh], port: 80}]", "match: [{port: 80}]");
    assert_eq!(only(&objects(&no_gateways)).state, State::Foreign);
}

/// Istio compares a Gateway object's selector with the pods' labels: it need not be that of the Service.
#[test]
fn the_pair_of_a_gateway_is_told_by_the_pods_that_its_gateway_object_selects() {
    let mut cluster = snapshot(&stored(&request("edition.cnn.com")));
    let roles = |cluster: &Snapshot| -> Vec<Role> {
        pair::of(&cluster.gateways[0], &Index::of(cluster).without([]))
            .into_iter()
            .map(|(role, _)| role)
            .collect()
    };
    let both = [Role::SharedGateway, Role::SharedDestinationRule];
    assert_eq!(roles(&cluster), both);
    let more = ("shard".to_owned(), "a".to_owned());
    cluster.gateways[0].selector.extend([more.clone()]);
    for pod in &mut cluster.gateways[0].pods {
        pod.labels.extend([more.clone()]);
    }
    assert_eq!(roles(&cluster), both, "the Service selects by one more label since the pair was written");
    for pod in &mut cluster.gateways[0].pods {
        pod.labels.insert("istio".to_owned(), "other".to_owned());
    }
    assert_eq!(roles(&cluster), [Role::SharedDestinationRule], "the Gateway object selects none of the pods");
}

/// Of two gateways in one namespace, one may select pods of the other as well.
#[test]
fn the_pair_of_another_gateway_is_not_the_pair_of_this_one() {
    let mut cluster = snapshot(&stored(&request("edition.cnn.com")));
    let mut shard = cluster.gateways[0].clone();
    shard.name.service = "shard".to_owned();
    let more = ("shard".to_owned(), "a".to_owned());
    shard.selector.extend([more.clone()]);
    shard.pods.iter_mut().for_each(|pod| pod.labels.extend([more.clone()]));
    cluster.gateways = vec![shard];
    assert_eq!(pair::of(&cluster.gateways[0], &Index::of(&cluster).without([])), []);
}

#[test]
fn one_host_in_two_namespaces_is_two_rows_in_order() {
    let mut billing: Record = request("edition.cnn.com:443");
    billing.intent.namespace = "billing".to_owned();
    let mut found = stored(&request("edition.cnn.com"));
    found.extend(stored(&billing).into_iter().filter(|object| object.id.namespace == "billing"));
    let rows = rows(&snapshot(&found));
    let listed: Vec<&str> = rows.iter().map(|row| row.namespace.as_str()).collect();
    assert_eq!(listed, ["billing", "shop"]);
    assert!(rows.iter().all(|row| row.state == State::Ready), "{rows:?}");
}

fn only(found: &[Resource]) -> EgressRow {
    let mut rows = rows(&snapshot(found));
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}
