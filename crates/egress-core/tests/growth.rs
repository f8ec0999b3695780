//! Plans of many hosts among many hosts: what they take grows with the hosts, not with their square.
//!
//! Of the kind: a copy of the cluster, or a list of all its objects, made for each host. Counts the bytes that are allocated,
//! not the time: they are the same on every machine.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::cell::OnceCell;
use std::collections::BTreeMap;

use allocation_counter::measure;
use egress_core::dialect::{self, Rename};
use egress_core::host::DnsName;
use egress_core::index::Index;
use egress_core::intent::{GatewayName, GatewayTls, Intent, Layout};
use egress_core::inventory::{self, state};
use egress_core::metadata::Record;
use egress_core::names::ChosenNames;
use egress_core::operation::add::{Chosen, NamedRequest, Requested};
use egress_core::operation::existing::Existing;
use egress_core::operation::{prune, remove};
use egress_core::plan::{self, Plan};
use egress_core::removal_impact::RemovalImpact;
use egress_core::resource::Live;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};
use egress_core::target::Target;

/// So many hosts, and some times as many.
const TIMES: usize = 4;

/// Few hosts. Fewer where each server at the gateway is compared with each that is there, which takes time.
fn few(layout: Layout) -> usize {
    if layout == Layout::Documented { 100 } else { 250 }
}

/// A request for the host of this number.
fn record(layout: Layout, number: usize, ports: &str) -> Record {
    let target: Target = format!("host-{number}.example.com{ports}").parse().unwrap();
    Record {
        intent: Intent {
            host: target.host,
            ports: target.ports,
            namespace: "shop".to_owned(),
            gateway: gateways()[0].name.clone(),
            layout,
            hop: GatewayTls::Mtls,
            export_to: vec![".".to_owned()],
            reason: None,
        },
        names: ChosenNames::default(),
        added_at: None,
        added_by: None,
    }
}

/// The stock gateway, and another one.
fn gateways() -> [GatewayFacts; 2] {
    let pod = |labels: &BTreeMap<String, String>| PodFacts {
        namespace: "istio-system".to_owned(),
        name: "egress".to_owned(),
        labels: labels.clone(),
        ready: true,
        ..PodFacts::default()
    };
    let other = GatewayName { namespace: "egress".to_owned(), service: "partner-gateway".to_owned() };
    let labels = BTreeMap::from([("istio".to_owned(), "partner".to_owned())]);
    [GatewayFacts::stock(), GatewayFacts::assumed(other, labels)].map(|gateway| GatewayFacts {
        pods: vec![pod(&gateway.selector)],
        assumed: false,
        ..gateway
    })
}

/// A cluster with this many hosts.
fn cluster(layout: Layout, hosts: usize, ports: &str) -> Snapshot {
    let mut cluster = Snapshot { gateways: gateways().to_vec(), ..Snapshot::default() };
    for number in 0..hosts {
        let record = record(layout, number, ports);
        for part in dialect::build(&record, &cluster.gateways[0], &cluster.mesh).unwrap() {
            // What all egresses of the gateway use stands there once.
            if number == 0 || !part.role.is_of_pair() {
                let mut live = part.resource;
                let uid = format!("{}/{}", live.id.kind, live.id.name);
                live.live = Some(Live { uid, resource_version: "1".to_owned(), ..Live::default() });
                cluster.resources.push(live);
            }
        }
    }
    cluster
}

/// Names that no policy has chosen before.
fn renamed(requested: &Requested<'_, '_>) -> Chosen {
    let Record { intent, .. } = &requested.record;
    let mut names = ChosenNames::default();
    for part in requested.parts.iter().filter(|part| !part.role.is_of_pair()) {
        names.choose(intent, part.role, &format!("new-{}", part.resource.id.name));
    }
    Chosen { names: Some(names), ..Chosen::default() }
}

/// Plans hosts one after the other, as the command does.
fn add(
    cluster: &Snapshot,
    asked: Vec<Record>,
    choose: fn(&Requested<'_, '_>) -> Chosen,
    beside: &mut dyn FnMut(&Snapshot),
) -> Vec<Plan> {
    let egresses = inventory::egresses(cluster);
    let existing = Existing::of(&egresses);
    let named: Vec<OnceCell<NamedRequest<'_, '_>>> = asked.iter().map(|_| OnceCell::new()).collect();
    let mut index = Index::of(cluster);
    let mut plans = Vec::new();
    for (asked, cell) in asked.into_iter().zip(&named) {
        beside(cluster);
        let gateway = cluster.gateway(&asked.intent.gateway).unwrap();
        let requested = Requested::of(asked, &existing, gateway, &cluster.mesh).unwrap();
        let chosen = choose(&requested);
        let host = requested.named(chosen, &index).unwrap();
        let host = cell.get_or_init(|| host);
        plans.extend(host.plan(&existing, &index).unwrap().plans);
        for part in &host.parts {
            index.insert(&part.resource);
        }
    }
    plans
}

/// Plans the end of all hosts, as the command does.
fn remove(cluster: &Snapshot, hosts: Vec<DnsName>) -> Vec<Plan> {
    let all = inventory::egresses(cluster);
    let chosen = remove::choose(&remove::Selection::Hosts(hosts), false, "shop", &all).unwrap().found;
    let impact = RemovalImpact::of(&all, cluster);
    let mut plans: Vec<Plan> = Vec::new();
    for egress in &chosen {
        let wanted = state::wanted(egress, cluster).unwrap_or_default();
        assert_eq!(impact.consequences(egress), [""; 0]);
        plans.push(plan::remove::plan(egress, &wanted, &impact));
    }
    let last = prune::steps(&chosen, &all, &Index::of(cluster).without([])).unwrap();
    plans.last_mut().unwrap().steps.extend(last);
    plans
}

/// Fails where a host of many takes more than a host of few; tables grow by doubling, and so do the numbers of hosts.
fn assert_linear(what: &str, layout: Layout, bytes: &dyn Fn(usize) -> u64) {
    let hosts = few(layout);
    let found = growth(hosts, bytes);
    assert!(
        !is_square(found),
        "{layout}: {what}: bytes for a host of {hosts}, and of {TIMES} times as many: {found:?}"
    );
}

/// The bytes for each host of so many, and of some times as many.
fn growth(few: usize, bytes: &dyn Fn(usize) -> u64) -> [u64; 2] {
    [few, few * TIMES].map(|hosts| bytes(hosts) / u64::try_from(hosts).unwrap())
}

fn is_square([few, many]: [u64; 2]) -> bool {
    many * 100 > few * 102
}

/// What planning these hosts among as many others allocates.
fn added(
    layout: Layout,
    hosts: usize,
    ports: &str,
    ask: fn(Layout, usize, usize) -> Record,
    choose: fn(&Requested<'_, '_>) -> Chosen,
) -> u64 {
    let cluster = cluster(layout, hosts, ports);
    let asked: Vec<Record> = (0..hosts).map(|number| ask(layout, number, hosts)).collect();
    let mut plans = Vec::new();
    let used = measure(|| plans = add(&cluster, asked, choose, &mut |_| {}));
    assert!(plans.len() >= hosts, "{} plans", plans.len());
    used.bytes_total
}

#[test]
fn new_hosts_take_as_much_each_however_many_there_are() {
    for layout in Layout::ALL {
        assert_linear("new hosts", layout, &|hosts| {
            let ask = |layout, number, others| record(layout, others + number, "");
            added(layout, hosts, "", ask, |_| Chosen::default())
        });
    }
}

#[test]
fn hosts_that_exist_take_as_much_each_however_many_there_are() {
    for layout in Layout::ALL {
        assert_linear("one more port", layout, &|hosts| {
            added(
                layout,
                hosts,
                ":443",
                |layout, number, _| record(layout, number, ""),
                |_| Chosen::default(),
            )
        });
    }
}

#[test]
fn hosts_that_get_new_names_and_ports_take_as_much_each_however_many_there_are() {
    for layout in Layout::ALL.into_iter().filter(|layout| layout.dialect().rename == Rename::Beside) {
        assert_linear("other names", layout, &|hosts| {
            let cluster = cluster(layout, hosts, ":443");
            let asked = (0..hosts).map(|number| record(layout, number, "")).collect();
            let mut plans = Vec::new();
            let used = measure(|| plans = add(&cluster, asked, renamed, &mut |_| {}));
            assert_eq!(plans.len(), 2 * hosts);
            used.bytes_total
        });
    }
}

#[test]
fn hosts_that_move_to_another_gateway_take_as_much_each_however_many_there_are() {
    for layout in Layout::ALL {
        assert_linear("another gateway", layout, &|hosts| {
            let ask = |layout, number, _| {
                let mut moved = record(layout, number, "");
                moved.intent.gateway = gateways()[1].name.clone();
                moved
            };
            added(layout, hosts, "", ask, |_| Chosen::default())
        });
    }
}

#[test]
fn hosts_that_go_take_as_much_each_however_many_there_are() {
    for layout in Layout::ALL {
        assert_linear("removed", layout, &|hosts| {
            let cluster = cluster(layout, hosts, "");
            let all = (0..hosts).map(|number| record(layout, number, "").intent.host).collect();
            let mut plans = Vec::new();
            let used = measure(|| plans = remove(&cluster, all));
            assert_eq!(plans.len(), hosts);
            used.bytes_total
        });
    }
}

/// The control: what must not be done for each host would be seen, most of it with far fewer hosts already.
#[test]
fn a_copy_of_the_cluster_or_a_list_of_its_objects_for_each_host_is_seen() {
    let with = |beside: &mut dyn FnMut(&Snapshot), hosts: usize| {
        let cluster = cluster(Layout::Shared, hosts, "");
        let asked = (0..hosts).map(|number| record(Layout::Shared, number, "")).collect();
        measure(|| drop(add(&cluster, asked, |_| Chosen::default(), beside))).bytes_total
    };
    let copy = growth(25, &|hosts| with(&mut |cluster| drop(cluster.resources.clone()), hosts));
    assert!(is_square(copy), "a copy: {copy:?}");
    let index = growth(25, &|hosts| with(&mut |cluster| drop(Index::of(cluster)), hosts));
    assert!(is_square(index), "an index: {index:?}");
    let list = growth(few(Layout::Shared), &|hosts| {
        with(
            &mut |cluster| drop(cluster.resources.iter().map(|resource| &resource.id).collect::<Vec<_>>()),
            hosts,
        )
    });
    assert!(is_square(list), "a list: {list:?}");
}
