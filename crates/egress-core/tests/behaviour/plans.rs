//! Steps: which objects are written in which order, and what must be proven between them.

use egress_core::intent::Layout;
use egress_core::inventory::{self, state};

use egress_core::plan::{self, Action, Plan};
use egress_core::proof::{ProxyCondition, Side};
use egress_core::removal_impact::RemovalImpact;
use egress_core::resource::Resource;
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;

use crate::fixture::{
    added, documented, in_every_layout, live, objects, parts, request, snapshot, stored, take,
};

#[test]
fn a_first_host_is_written_from_the_gateway_to_the_callers_with_proof_in_between() {
    let plan = added(&request("edition.cnn.com"), &snapshot(&[]));
    assert_eq!(
        lines(&plan),
        [
            "create shared Gateway",
            "create shared DestinationRule, proven in Clients",
            "create upstream",
            "create gateway leg, proven in Gateway",
            "create mesh leg, proven in Clients",
            "create client entry, proven in Clients",
        ]
    );
}

#[test]
fn a_second_host_does_not_wait_for_the_pair() {
    let first = stored(&request("api.github.com"));
    let plan = added(&request("edition.cnn.com"), &snapshot(&first));
    assert_eq!(lines(&plan)[..2], ["keep shared Gateway", "keep shared DestinationRule"]);
}

#[test]
fn the_pair_is_proven_at_a_port_that_the_request_needs() {
    for (host, port) in
        [("edition.cnn.com", 80), ("edition.cnn.com:8080/HTTP", 80), ("edition.cnn.com:443", 443)]
    {
        let plan = added(&request(host), &snapshot(&[]));
        let rule = plan.steps.iter().find(|step| step.role == Role::SharedDestinationRule);
        let proof = rule.and_then(|step| step.proof.as_ref()).expect("a proof");
        let clusters = proof.conditions.iter().map(|condition| match condition {
            ProxyCondition::MadeOf(owner) => owner.cluster.as_str(),
            ProxyCondition::HasEndpoints { cluster } => cluster.as_str(),
            other => panic!("{other:?}"),
        });
        let cluster = format!("outbound|{port}|mesh|istio-egressgateway.istio-system.svc.cluster.local");
        assert!(clusters.clone().count() > 0, "{host}");
        clusters.for_each(|found| assert_eq!(found, cluster, "{host}"));
    }
}

#[test]
fn whichever_objects_exist_only_the_others_are_written_in_the_same_order() {
    let record = request("edition.cnn.com");
    let all = stored(&record);
    for mask in 0..1_usize << all.len() {
        let exists = |index: usize| mask & (1 << index) != 0;
        let found: Vec<Resource> =
            all.iter().enumerate().filter(|(index, _)| exists(*index)).map(|(_, o)| o.clone()).collect();
        let mut cluster = snapshot(&found);
        let plan = added(&record, &cluster);
        let written: Vec<Role> = plan.writes().map(|(step, _)| step.role).collect();
        let missing: Vec<Role> = parts(&record)
            .iter()
            .enumerate()
            .filter(|(index, _)| !exists(*index))
            .map(|(_, part)| part.role)
            .collect();
        assert_eq!(written, missing, "{mask:06b}");
        plan.steps.iter().for_each(|step| take(step, &mut cluster));
        assert!(added(&record, &cluster).is_empty(), "{mask:06b}: the second add writes");
    }
}

#[test]
fn what_is_complete_is_proven_again_but_not_written() {
    for record in in_every_layout("edition.cnn.com") {
        let plan = added(&record, &snapshot(&stored(&record)));
        assert!(plan.is_empty());
        let proven: Vec<Side> =
            plan.steps.iter().filter_map(|step| Some(step.proof.as_ref()?.side)).collect();
        let expected = match record.intent.layout {
            Layout::Endpoints => vec![Side::Gateway, Side::Clients],
            Layout::Shared | Layout::Documented => vec![Side::Gateway, Side::Clients, Side::Clients],
        };
        assert_eq!(proven, expected, "{}", record.intent.layout);
    }
}

#[test]
fn a_label_or_an_annotation_of_someone_else_is_no_reason_to_write() {
    let record = request("edition.cnn.com");
    let mut found = stored(&record);
    for object in &mut found {
        object.labels.insert("team".into(), "news".to_owned());
        object.annotations.insert("argocd.argoproj.io/sync-wave".into(), "1".to_owned());
    }
    assert!(added(&record, &snapshot(&found)).is_empty());
}

#[test]
fn an_object_that_was_edited_is_put_right_in_its_place() {
    let record = request("edition.cnn.com");
    let mut found = stored(&record);
    let other = stored(&request("edition.cnn.com:443"));
    let leg = found.iter_mut().find(|object| object.id.name == "edition-cnn-com-gateway").unwrap();
    leg.spec = other.iter().find(|object| object.id == leg.id).unwrap().spec.clone();
    let plan = added(&record, &snapshot(&found));
    let writes: Vec<_> = plan.writes().map(|(step, action)| (action.verb(), step.role)).collect();
    assert_eq!(writes, [("update", Role::GatewayLeg)]);
}

#[test]
fn the_documented_layout_hides_entry_and_mesh_rules_from_the_callers_until_the_gateway_has_its_rules() {
    let plan = added(&documented("edition.cnn.com"), &snapshot(&[]));
    assert_eq!(
        lines(&plan),
        [
            "create client entry",
            "create Gateway",
            "create DestinationRule",
            "create mesh leg, proven in Gateway",
            "update mesh leg, proven in Clients",
            "update client entry, proven in Clients",
        ]
    );
    let entry = plan.steps[0].object.service_entry().unwrap();
    assert_eq!(entry.export_to.as_deref(), Some(&["istio-system".to_owned()][..]));
    let routes = plan.steps[3].object.virtual_service().unwrap();
    assert_eq!(routes.gateways.as_deref(), Some(&["edition-cnn-com".to_owned()][..]));
}

#[test]
fn a_port_that_joins_a_documented_egress_is_proven_at_the_gateway_before_add_is_done() {
    let mut narrow = documented("edition.cnn.com");
    narrow.intent.ports.retain(|port| port.number == 443);
    let plan = added(&documented("edition.cnn.com"), &snapshot(&stored(&narrow)));
    assert_eq!(
        lines(&plan),
        [
            "keep client entry",
            "update Gateway",
            "update DestinationRule",
            "keep mesh leg",
            "update mesh leg, proven in Clients",
            "update client entry, proven in Gateway",
            "keep client entry, proven in Clients",
        ]
    );
}

#[test]
fn a_removal_goes_backwards_and_leaves_the_pair() {
    let plan = remove(&snapshot(&stored(&request("edition.cnn.com"))));
    assert_eq!(
        lines(&plan),
        [
            "delete client entry, proven in Clients",
            "delete mesh leg, proven in Clients",
            "delete gateway leg, proven in Gateway",
            "delete upstream",
        ]
    );
    let plan = remove(&snapshot(&stored(&documented("edition.cnn.com"))));
    assert_eq!(
        lines(&plan),
        [
            "update client entry, proven in Clients",
            "update mesh leg, proven in Clients",
            "delete mesh leg, proven in Gateway",
            "delete DestinationRule",
            "delete Gateway",
            "delete client entry",
        ]
    );
}

#[test]
fn a_removal_that_was_cut_short_asks_again_for_the_proof_of_what_is_gone() {
    let mut found = stored(&request("edition.cnn.com"));
    found.retain(|object| object.id.name != "edition-cnn-com");
    assert_eq!(
        lines(&remove(&snapshot(&found))),
        [
            "keep client entry, proven in Clients",
            "keep mesh leg, proven in Clients",
            "delete gateway leg, proven in Gateway",
            "delete upstream",
        ]
    );
}

/// A deletion asks nobody who manages the fields. Neither does the first stage of one.
#[test]
fn what_is_narrowed_before_its_deletion_is_taken_from_every_field_manager() {
    let record = documented("edition.cnn.com");
    let actions = |plan: &Plan| -> Vec<String> {
        let word =
            |action: &Action| format!("{action:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
        plan.writes().map(|(_, action)| word(action)).collect()
    };
    let removal = remove(&snapshot(&stored(&record)));
    assert_eq!(actions(&removal), ["Narrow", "Narrow", "Delete", "Delete", "Delete", "Delete"]);
    // An egress that grows takes nothing from anybody.
    let mut one_port = record.clone();
    one_port.intent.ports.retain(|port| port.number == 443);
    let growth = added(&record, &snapshot(&stored(&one_port)));
    assert!(actions(&growth).iter().all(|action| action == "Update"), "{growth:?}");
}

#[test]
fn objects_of_others_are_deleted_whole_and_their_gateway_stays() {
    let mut foreign = stored(&documented("edition.cnn.com"));
    for object in &mut foreign {
        object.labels.clear();
        object.annotations.clear();
    }
    let plan = remove(&snapshot(&foreign));
    assert!(plan.writes().all(|(_, action)| *action == Action::Delete));
    assert_eq!(plan.writes().map(|(step, _)| step.role).collect::<Vec<_>>(), [Role::Client, Role::MeshLeg]);
}

/// Every way in which a VirtualService says that its rules are for the sidecars, and for which ports.
#[test]
fn the_removal_of_an_egress_made_by_hand_waits_until_the_sidecars_have_no_route_to_the_gateway() {
    let routes = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cnn, namespace: shop}
spec:
  hosts: [edition.cnn.com]
  http: [{route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 80}}}]}]
";
    let gateways = "  gateways: [mesh, istio-system/egress]\n";
    let bound = format!("{routes}{gateways}");
    for by_hand in [
        routes.to_owned(),
        format!("{routes}  gateways: []\n"),
        bound.clone(),
        bound.replace("{route:", "{match: [{port: 80}], route:"),
        bound.replace("{route:", "{match: [{gateways: [mesh], port: 80}], route:"),
        bound.replace("{route:", "{match: [{gateways: [istio-system/egress, mesh]}], route:"),
        routes.replace("http: [{route:", "tls: [{match: [{sniHosts: [edition.cnn.com]}], route:"),
        // The listener's port where the destination names none, and the Service has several.
        routes.replace(", port: {number: 80}", ""),
    ] {
        let plan = remove(&snapshot(&objects(&by_hand)));
        let proof = format!("{:?}", plan.steps.last().and_then(|step| step.proof.as_ref()));
        let cluster = "outbound|80||istio-egressgateway.istio-system.svc.cluster.local";
        assert!(
            proof.contains("Clients") && proof.contains("RouteRemoved") && proof.contains(cluster),
            "{by_hand}: {proof}"
        );
    }
}

#[test]
fn rules_in_two_objects_are_gone_when_the_last_of_them_is_deleted() {
    let route = |name: &str, rules: &str, port: u16| {
        format!(
            "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: shop}}
spec:
  hosts: [edition.cnn.com]
  {rules}
    route: [{{destination: {{host: istio-egressgateway.istio-system.svc.cluster.local, port: {{number: {port}}}}}}}]
"
        )
    };
    let http = route("cnn-http", "http:\n  - match: [{port: 80}]", 80);
    let tls = route("cnn-tls", "tls:\n  - match: [{port: 443, sniHosts: [edition.cnn.com]}]", 443);
    let plan = remove(&snapshot(&objects(&format!("{http}{tls}"))));
    let proofs: Vec<String> = plan.steps.iter().map(|step| format!("{:?}", step.proof)).collect();
    assert_eq!(proofs[0], "None");
    assert!(proofs[1].contains("outbound|80||") && proofs[1].contains("outbound|443||"), "{proofs:?}");
}

#[test]
fn the_legs_of_other_namespaces_may_serve_a_host_at_the_gateway() {
    let mut billing = request("edition.cnn.com");
    billing.intent.namespace = "billing".to_owned();
    let plan = added(&request("edition.cnn.com"), &snapshot(&stored(&billing)));
    let leg = plan.steps.iter().find(|step| step.role == Role::GatewayLeg).unwrap();
    let conditions = format!("{:?}", leg.proof);
    for namespace in ["shop", "billing"] {
        assert!(conditions.contains(&format!("outbound|443||edition.cnn.com.{namespace}.egress.internal")));
    }
}

#[test]
fn objects_that_are_not_ours_are_no_part_of_a_plan() {
    let mut others = objects(
        "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: shop}
spec: {hosts: [edition.cnn.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
",
    );
    others.extend(stored(&request("edition.cnn.com")).into_iter().map(live));
    assert!(remove(&snapshot(&others)).writes().all(|(step, _)| step.object.id.name != "cnn"));
}

#[test]
fn an_entry_that_stays_makes_the_sidecars_go_on_to_know_the_host() {
    let client_step = |others: &str| {
        let mut resources = objects(others);
        resources.extend(stored(&request("edition.cnn.com")).into_iter().map(live));
        let plan = remove(&snapshot(&resources));
        plan.steps.into_iter().find(|step| step.role == Role::Client).expect("a step")
    };
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: default}
spec: {hosts: [edition.cnn.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS, exportTo: ['*']}
";
    assert!(client_step(entry).proof.is_none());
    assert!(client_step(&entry.replace("'*'", "'.'")).proof.is_some());
    assert!(client_step(&entry.replace("443", "8443")).proof.is_some());
}

pub(crate) fn remove(cluster: &Snapshot) -> Plan {
    let egress = inventory::egresses(cluster).pop().expect("an egress");
    plan::remove::plan(
        &egress,
        &state::wanted(&egress, cluster).unwrap_or_default(),
        &RemovalImpact::of(&[], cluster),
    )
}

pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let line = |step: &plan::Step| {
        let verb = step.action.as_ref().map_or("keep", Action::verb);
        let proof = step.proof.as_ref().map(|proof| format!(", proven in {:?}", proof.side));
        format!("{verb} {}{}", step.role, proof.unwrap_or_default())
    };
    plan.steps.iter().map(line).collect()
}
