//! The promise of the write order, for any request and any interruption: after every single write, nothing sends traffic
//! to where nothing carries it, and no sidecar knows a host without the way to the gateway.

use std::collections::BTreeSet;

use egress_core::index::Index;
use egress_core::intent::{Intent, Layout};
use egress_core::inventory::{self, Egress, State, state};
use egress_core::merge_request::{Merged, merge};
use egress_core::metadata::Record;
use egress_core::plan::{self, Plan};
use egress_core::removal_impact::RemovalImpact;
use egress_core::resource::Resource;
use egress_core::role::{Kind, Role};
use egress_core::snapshot::Snapshot;
use egress_core::visibility::exported_to;
use proptest::prelude::*;

use crate::fixture::{added, documented, in_layout, parts, request, snapshot, take};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_write_of_any_add_or_remove_opens_the_direct_way_wherever_the_last_one_was_cut_short(
        layout in prop::sample::select(Layout::ALL.to_vec()),
        first in ports(),
        cut in 0..8_usize,
        second in ports(),
        moves in any::<bool>(),
        cut_again in 0..8_usize,
        removed in 0..8_usize,
    ) {
        let mut cluster = snapshot(&[]);
        run(&add(&request_for(layout, &first), &cluster), cut, &mut cluster);
        let layout = if moves { side_by_side(layout) } else { layout };
        run(&add(&request_for(layout, &second), &cluster), cut_again, &mut cluster);
        if let Some(plan) = remove(&cluster) {
            run(&plan, removed, &mut cluster);
        }

        run(&add(&request_for(layout, &second), &cluster), usize::MAX, &mut cluster);
        let egresses = inventory::egresses(&cluster);
        prop_assert_eq!(egresses.len(), 1);
        prop_assert_eq!(state::of(&egresses[0], &Index::of(&cluster)), State::Ready);
        prop_assert!(add(&request_for(layout, &second), &cluster).is_empty(), "the same request writes again");

        run(&remove(&cluster).expect("an egress"), usize::MAX, &mut cluster);
        prop_assert!(remove(&cluster).is_none());
        let left: Vec<&Resource> = cluster.of_kind(Kind::ServiceEntry).chain(cluster.of_kind(Kind::VirtualService)).collect();
        prop_assert!(left.is_empty(), "left behind: {:?}", left);
    }
}

/// The layout to which an egress may move while it is in use.
fn side_by_side(layout: Layout) -> Layout {
    match layout {
        Layout::Shared => Layout::Endpoints,
        Layout::Endpoints => Layout::Shared,
        Layout::Documented => Layout::Documented,
    }
}

/// At least one port, and one TLS port at most.
fn ports() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["80/HTTP", "443/TLS", "8080/HTTP"], 1..=3)
}

fn request_for(layout: Layout, ports: &[&str]) -> Record {
    let mut record = in_layout(layout, "edition.cnn.com");
    record.intent.ports = ports.iter().map(|port| port.parse().expect("a port")).collect();
    record
}

fn existing(cluster: &Snapshot) -> Option<Egress<'_>> {
    inventory::egresses(cluster).pop()
}

fn add(asked: &Record, cluster: &Snapshot) -> Plan {
    let found = existing(cluster);
    let found = found.as_ref().and_then(Egress::readable_record);
    let Ok(Merged::InPlace(record)) = merge(asked.clone(), found) else { panic!("not merged in place") };
    added(&record, cluster)
}

fn remove(cluster: &Snapshot) -> Option<Plan> {
    let egress = existing(cluster)?;
    let wanted = state::wanted(&egress, cluster).unwrap_or_default();
    Some(plan::remove::plan(&egress, &wanted, &RemovalImpact::of(&[], cluster)))
}

/// Takes as many steps of a plan as there is time for, and looks after each.
fn run(plan: &Plan, steps: usize, cluster: &mut Snapshot) {
    for step in plan.steps.iter().take(steps) {
        take(step, cluster);
        assert_safe(cluster, &request("edition.cnn.com").intent);
    }
}

/// The ports of a host at each station of its way.
#[derive(Debug, Default)]
struct Way {
    /// Those that the callers' sidecars know the host by.
    known: BTreeSet<i64>,
    /// Those that a sidecar sends to the gateway.
    sent: BTreeSet<i64>,
    /// Those that the gateway sends on.
    passed: BTreeSet<i64>,
    /// Those that the gateway knows the host by.
    reachable: BTreeSet<i64>,
}

fn assert_safe(cluster: &Snapshot, intent: &Intent) {
    let way = way(cluster, intent);
    assert!(way.known.is_subset(&way.sent), "a sidecar knows a port that it would call directly: {way:?}");
    assert!(way.sent.is_subset(&way.passed), "a sidecar sends what the gateway does not know: {way:?}");
    let shared = cluster.resources.iter().any(|object| object.id.name.ends_with("-upstream"));
    if shared {
        assert!(way.passed.is_subset(&way.reachable), "the gateway sends where nothing is: {way:?}");
    }
    if !way.sent.is_empty() {
        let of = |kind: Kind| cluster.of_kind(kind).count();
        assert!(of(Kind::Gateway) > 0 && of(Kind::DestinationRule) > 0, "sent to a gateway without servers");
    }
}

fn way(cluster: &Snapshot, intent: &Intent) -> Way {
    let mut way = Way::default();
    for object in &cluster.resources {
        if let Some(entry) = object.service_entry() {
            let ports = entry.ports.iter().flatten().map(|port| port.number);
            let seen_in =
                |namespace: &str| exported_to(entry.export_to.as_deref(), &object.id.namespace, namespace);
            if seen_in("istio-system") {
                way.reachable.extend(ports.clone());
            }
            let to_gateway = entry.endpoints.iter().flatten().any(|endpoint| {
                endpoint.address.as_deref().is_some_and(|address| address.ends_with(".svc.cluster.local"))
            });
            if seen_in(&intent.namespace) && entry.hosts.contains(&intent.host.to_string()) {
                if to_gateway { way.sent.extend(ports) } else { way.known.extend(ports) }
            }
        }
        for (gateways, matched, destination) in rules(object) {
            if gateways.iter().any(|gateway| gateway == "mesh") {
                way.sent.insert(matched);
            } else {
                way.passed.insert(destination);
            }
        }
    }
    way
}

/// Every rule of a VirtualService: the gateways it is for, the port it matches, the port it leads to.
fn rules(object: &Resource) -> Vec<(Vec<String>, i64, i64)> {
    let Some(service) = object.virtual_service() else { return Vec::new() };
    let everywhere = service.gateways.clone().unwrap_or_default();
    let http = service.http.iter().flatten().flat_map(|rule| {
        let to = rule.route.iter().flatten().find_map(|route| route.destination.port.as_ref()?.number);
        rule.r#match.iter().flatten().map(move |found| (found.gateways.clone(), found.port, to))
    });
    let tls = service.tls.iter().flatten().flat_map(|rule| {
        let to = rule.route.iter().flatten().find_map(|route| route.destination.port.as_ref()?.number);
        rule.r#match.iter().map(move |found| (found.gateways.clone(), found.port, to))
    });
    http.chain(tls)
        .map(|(gateways, matched, to)| {
            let port = |number: Option<i64>| number.expect("every rule names its ports");
            (gateways.unwrap_or_else(|| everywhere.clone()), port(matched), port(to))
        })
        .collect()
}

#[test]
fn the_promise_is_seen_to_be_broken_by_the_order_of_the_page() {
    let record = documented("edition.cnn.com");
    let mut cluster = snapshot(&[]);
    let entry = parts(&record).into_iter().find(|part| part.role == Role::Client).expect("an entry");
    cluster.resources.push(entry.resource);
    let broken = std::panic::catch_unwind(|| assert_safe(&cluster, &record.intent));
    assert!(broken.is_err(), "an entry without routes was taken for safe");
}
