//! `add` as a whole: what exists, what is asked for, what policies chose, and the plans that come of it.

use egress_core::dialect::metadata_patch::MetadataPatch;
use egress_core::host::DnsName;
use egress_core::index::Index;
use egress_core::inventory::{self, state};
use egress_core::kind::Kind;
use egress_core::metadata::Record;
use egress_core::operation::add::{Chosen, Decision, Requested};
use egress_core::operation::existing::Existing;
use egress_core::operation::remove::{self, RemoveError, Selection};
use egress_core::plan::{self, Action, Plan};
use egress_core::removal_impact::RemovalImpact;
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;

use crate::fixture::{gateway, in_every_layout, parts, request, snapshot, stored};

fn named(mut record: Record, prefix: &str) -> Record {
    for role in [Role::Upstream, Role::GatewayLeg, Role::MeshLeg, Role::Client] {
        record.names.choose(&record.intent, role, &format!("{prefix}-{}", role.word()));
    }
    record
}

/// Adds hosts one after the other, as one command does.
fn add(asked: &[Record], cluster: &Snapshot, chosen: &dyn Fn(&Record) -> Chosen) -> Vec<Decision> {
    let all = inventory::egresses(cluster);
    let existing = Existing::of(&all);
    let gateway = gateway();
    let requested: Vec<Requested<'_, '_>> = asked
        .iter()
        .map(|record| Requested::of(record.clone(), &existing, &gateway, &cluster.mesh).expect("a request"))
        .collect();
    let before = Index::of(cluster);
    let hosts: Vec<_> = requested
        .into_iter()
        .map(|requested| {
            let chosen = chosen(&requested.record);
            requested.named(chosen, &before).expect("names")
        })
        .collect();
    let mut index = Index::of(cluster);
    let mut decisions = Vec::new();
    for host in &hosts {
        decisions.push(host.plan(&existing, &index).expect("no conflict"));
        for part in &host.parts {
            index.insert(&part.resource);
        }
    }
    decisions
}

/// Of the kind: two writers at once leave objects of two layouts, and each of them says that it lost.
#[test]
fn of_objects_of_two_layouts_a_removal_leaves_none() {
    for first in in_every_layout("edition.cnn.com") {
        for second in in_every_layout("edition.cnn.com") {
            let mut objects = stored(&first);
            for object in stored(&second) {
                objects.retain(|earlier| earlier.id != object.id);
                objects.push(object);
            }
            let cluster = snapshot(&objects);
            let all = inventory::egresses(&cluster);
            let [egress] = all.as_slice() else { panic!("expected one egress, found {}", all.len()) };
            let wanted = state::wanted(egress, &cluster).unwrap_or_default();
            let plan = plan::remove::plan(egress, &wanted, &RemovalImpact::of(&all, &cluster));
            let deleted: Vec<_> = plan
                .writes()
                .filter(|(_, action)| **action == Action::Delete)
                .map(|(step, _)| &step.object.id)
                .collect();
            let of_host = objects.iter().filter(|object| object.id.namespace == "shop");
            for object in of_host {
                assert!(deleted.contains(&&object.id), "{} is left: {deleted:?}", object.id);
            }
        }
    }
}

/// Of the kind: a removal of several hosts that was cut short is typed again, and some of them are gone by then.
#[test]
fn hosts_that_are_gone_do_not_keep_others_from_being_removed() {
    let cluster = snapshot(&stored(&request("edition.cnn.com:443")));
    let all = inventory::egresses(&cluster);
    let host = |text: &str| DnsName::parse(text).unwrap();
    let (there, gone) = (host("edition.cnn.com"), host("api.github.com"));
    let missing = RemoveError::NotFound { hosts: vec![gone.clone()], namespace: "shop".to_owned() };

    let both = Selection::Hosts(vec![gone.clone(), there.clone()]);
    let selected = remove::choose(&both, false, "shop", &all).unwrap();
    assert_eq!(selected.found.iter().map(|egress| &egress.host).collect::<Vec<_>>(), [&there]);
    assert_eq!(selected.missing, Some(missing.clone()));

    let refused = remove::choose(&Selection::Hosts(vec![gone]), false, "shop", &all);
    assert_eq!(refused.map(|selected| selected.found.len()), Err(missing));
}

/// The gateway's owner owns the pair: a user without permissions in the gateway's namespace must not need any.
#[test]
fn new_names_and_a_new_port_at_once_leave_the_pair_of_the_gateway_as_it_is() {
    let cluster = snapshot(&stored(&named(request("edition.cnn.com:443"), "old")));
    let chosen = |record: &Record| Chosen {
        names: Some(named(record.clone(), "new").names),
        metadata: MetadataPatch { policies: Some("baseline@today".to_owned()), ..MetadataPatch::default() },
    };
    let decisions = add(&[request("edition.cnn.com:80/http")], &cluster, &chosen);
    assert_eq!(decisions[0].plans.len(), 2);
    for plan in &decisions[0].plans {
        let written: Vec<_> = plan.writes().map(|(step, _)| step.role).collect();
        assert!(!written.is_empty());
        assert!(!written.iter().any(|role| role.is_of_pair()), "{written:?}");
    }
}

#[test]
fn of_several_hosts_the_first_writes_what_all_egresses_of_the_gateway_use() {
    let hosts = [request("edition.cnn.com"), request("api.github.com")];
    let decisions = add(&hosts, &snapshot(&[]), &|_| Chosen::default());
    let created = |decision: &Decision| {
        let writes = decision.plans.iter().flat_map(Plan::writes);
        writes.filter(|(_, action)| matches!(action, Action::Create)).count()
    };
    assert_eq!(decisions.iter().map(created).collect::<Vec<_>>(), [6, 4]);
}

/// With one more pair for each host, the thousandth looked at a thousand pairs.
#[test]
fn many_hosts_of_one_command_want_one_pair() {
    for cluster in [snapshot(&[]), snapshot(&stored(&request("api.github.com")))] {
        let hosts = ["a.example.com", "b.example.com", "c.example.com"].map(|host| parts(&request(host)));
        let mut index = Index::of(&cluster);
        hosts.iter().flatten().for_each(|part| index.insert(&part.resource));
        let all = index.without([]);
        let of_pair = all.of_kind(Kind::Gateway).chain(all.of_kind(Kind::DestinationRule)).count();
        assert_eq!((all.of_gateways_in("istio-system").len(), of_pair), (2, 2));
    }
}
