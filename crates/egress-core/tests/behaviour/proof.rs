//! When a proxy counts as live, and what it is said to lack otherwise.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::inventory;
use egress_core::plan;
use egress_core::port::{Port, Protocol};
use egress_core::proof::{Expectation, ProxyCondition, Side, check};
use egress_core::proxy::ProxyView;
use egress_core::removal_impact::RemovalImpact;
use egress_core::role::Role;

use crate::fixture::{request, snapshot, stored};
use crate::proxies::{gateway, sidecar};

const TO_HOST: &str = "outbound|443||edition.cnn.com.shop.egress.internal";
const TO_GATEWAY: &str = "outbound|443||istio-egressgateway.istio-system.svc.cluster.local";
const DIRECT: &str = "outbound|443||edition.cnn.com";

#[test]
fn a_gateway_without_the_route_is_not_live() {
    let mut view = gateway();
    view.virtual_hosts.clear();
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), "no HTTP route for edition.cnn.com:80");
}

#[test]
fn a_gateway_without_the_filter_chain_is_not_live() {
    let mut view = gateway();
    view.chains.clear();
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), "no TLS route for edition.cnn.com:443");
}

#[test]
fn a_gateway_whose_name_lookup_has_not_answered_is_not_live() {
    let mut view = gateway();
    view.clusters.get_mut(TO_HOST).unwrap().healthy = 0;
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), format!("cluster `{TO_HOST}` has no endpoint"));
    view.clusters.remove(TO_HOST);
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), format!("no cluster `{TO_HOST}`"));
}

#[test]
fn a_gateway_that_leads_somewhere_else_is_not_live() {
    let mut view = gateway();
    view.chains[0].clusters = [DIRECT.to_owned()].into();
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), format!("edition.cnn.com:443 leads to `{DIRECT}`"));
}

/// The kind: a route of a stranger that no request reaches must not keep `add` from being proven, and one that some request
/// reaches must.
#[test]
fn a_route_that_no_request_reaches_does_not_count_until_it_is_to_be_gone() {
    let stranger = "outbound|80||phish.attacker.example".to_owned();
    let with = |place: fn(&mut egress_core::proxy::VirtualHost) -> &mut BTreeSet<String>| {
        let mut view = gateway();
        for host in view.virtual_hosts.iter_mut().filter(|host| host.domains.contains("edition.cnn.com")) {
            place(host).insert(stranger.clone());
        }
        view
    };
    assert_eq!(check(&with(|host| &mut host.behind), &added(Role::GatewayLeg)), Ok(()));
    let reached = with(|host| &mut host.clusters);
    assert_eq!(lack(&reached, &added(Role::GatewayLeg)), format!("edition.cnn.com:80 leads to `{stranger}`"));
    let own = "outbound|80||edition.cnn.com.shop.egress.internal".to_owned();
    let mut removed_from = with(|host| &mut host.behind);
    removed_from.chains.clear();
    for host in &mut removed_from.virtual_hosts {
        host.clusters = BTreeSet::new();
        host.behind = [own.clone()].into();
    }
    assert!(lack(&removed_from, &removed(Role::GatewayLeg)).contains(&own));
}

#[test]
fn a_sidecar_that_still_sends_a_share_directly_is_not_live() {
    let mut view = sidecar();
    view.chains[0].clusters.insert(DIRECT.to_owned());
    assert_eq!(lack(&view, &added(Role::Client)), format!("edition.cnn.com:443 leads to `{DIRECT}`"));
}

#[test]
fn a_sidecar_without_a_listener_can_take_the_mesh_leg_but_not_the_entry() {
    let nothing =
        ProxyView { clusters: sidecar().clusters, configured: sidecar().configured, ..ProxyView::default() };
    assert_eq!(check(&nothing, &added(Role::MeshLeg)), Ok(()));
    assert_eq!(lack(&nothing, &added(Role::Client)), "no HTTP route for edition.cnn.com:80");
}

#[test]
fn a_sidecar_that_listens_must_have_the_mesh_leg() {
    let mut view = sidecar();
    view.virtual_hosts.retain(|host| !host.domains.contains("edition.cnn.com"));
    assert_eq!(lack(&view, &added(Role::MeshLeg)), "no HTTP route for edition.cnn.com:80");
}

/// Envoy keeps the table of a listener that drains, and istiod no longer writes it: for 45 seconds after `remove`, an `add` of
/// the same odd port waited for a route that cannot come.
#[test]
fn the_table_of_a_listener_that_drains_is_not_waited_for() {
    let mut view = sidecar();
    view.virtual_hosts.retain(|host| !host.domains.contains("edition.cnn.com"));
    view.listeners = Some(BTreeSet::from(["0.0.0.0_443".to_owned(), "0.0.0.0_8080".to_owned()]));
    assert_eq!(check(&view, &added(Role::MeshLeg)), Ok(()));
    assert_eq!(lack(&view, &added(Role::Client)), "no HTTP route for edition.cnn.com:80");
    view.listeners = Some(BTreeSet::from(["0.0.0.0_80".to_owned()]));
    assert_eq!(lack(&view, &added(Role::MeshLeg)), "no HTTP route for edition.cnn.com:80");
}

#[test]
fn a_port_is_not_taken_for_another_that_ends_in_the_same_digits() {
    let mut view = sidecar();
    for host in &mut view.virtual_hosts {
        host.table = "8080".to_owned();
    }
    assert_eq!(lack(&view, &added(Role::Client)), "no HTTP route for edition.cnn.com:80");
    for (table, live) in [("edition.cnn.com:80", true), ("0.0.0.0_80", true), ("180", false)] {
        for host in &mut view.virtual_hosts {
            table.clone_into(&mut host.table);
        }
        assert_eq!(check(&view, &added(Role::Client)).is_ok(), live, "{table}");
    }
}

#[test]
fn a_removal_is_proven_when_nothing_leads_to_the_way_any_more() {
    assert_eq!(
        lack(&sidecar(), &removed(Role::MeshLeg)),
        "HTTP of edition.cnn.com still leads to `outbound|80|mesh|istio-egressgateway.istio-system.svc.cluster.local`"
    );
    assert_eq!(
        lack(&sidecar(), &removed(Role::Client)),
        format!("TLS of edition.cnn.com still leads to `{TO_GATEWAY}`")
    );
    assert!(
        lack(&gateway(), &removed(Role::GatewayLeg)).starts_with("HTTP of edition.cnn.com still leads to")
    );
    for role in [Role::Client, Role::MeshLeg, Role::GatewayLeg] {
        assert_eq!(check(&ProxyView::default(), &removed(role)), Ok(()), "{role}");
    }
}

#[test]
fn a_host_that_others_lead_elsewhere_is_gone_all_the_same() {
    let mut view = sidecar();
    view.virtual_hosts.clear();
    view.chains[0].clusters = [DIRECT.to_owned()].into();
    assert_eq!(check(&view, &removed(Role::MeshLeg)), Ok(()));
}

#[test]
fn before_the_entry_is_known_a_sidecar_shows_nothing_of_a_tls_host() {
    let condition = |protocol, where_listening| ProxyCondition::RoutesTo {
        port: Port { number: 443, protocol },
        clusters: BTreeSet::new(),
        where_listening,
    };
    let visible = |conditions: Vec<ProxyCondition>| {
        let host = DnsName::parse("edition.cnn.com").unwrap();
        Expectation { side: Side::Clients, host, conditions }.is_visible()
    };
    assert!(!visible(vec![condition(Protocol::Tls, true)]));
    assert!(visible(vec![condition(Protocol::Tls, false)]));
    assert!(visible(vec![condition(Protocol::Tls, true), condition(Protocol::Http, true)]));
    // The cluster of the gateway is there before any route leads to it.
    let gateway = ProxyCondition::HasEndpoints { cluster: "outbound|443||istio-egressgateway".to_owned() };
    assert!(!visible(vec![condition(Protocol::Tls, true), gateway.clone()]));
    assert!(visible(vec![gateway]));
    assert!(visible(vec![ProxyCondition::RouteRemoved {
        protocol: Protocol::Tls,
        clusters: BTreeSet::new()
    }]));
}

#[test]
fn a_gateway_whose_cluster_is_made_of_anothers_entry_is_not_live() {
    let mut view = gateway();
    let cluster = view.configured.get_mut(TO_HOST).unwrap();
    "billing".clone_into(&mut cluster.service.as_mut().unwrap().namespace);
    let told = lack(&view, &added(Role::GatewayLeg));
    for words in [TO_HOST, "in namespace billing, not in shop", "another object takes over that host"] {
        assert!(told.contains(words), "{told}");
    }
    // Also where another service has the place of ours.
    let mut view = gateway();
    let cluster = view.configured.get_mut(TO_HOST).unwrap();
    "www.example.com".clone_into(&mut cluster.service.as_mut().unwrap().host);
    assert!(lack(&view, &added(Role::GatewayLeg)).contains("comes from `www.example.com`"));
}

#[test]
fn a_gateway_that_does_not_look_up_the_host_that_was_asked_for_is_not_live() {
    for (discovery, targets, expected) in [
        ("EDS", vec![], "does not resolve `edition.cnn.com:443`: its addresses come from EDS"),
        ("ORIGINAL_DST", vec!["edition.cnn.com:443"], "come from ORIGINAL_DST"),
        ("", vec!["edition.cnn.com:443"], "come from another source"),
        (
            "STRICT_DNS",
            vec!["evil.example.com:443"],
            "leads to `evil.example.com:443`, not to `edition.cnn.com:443`",
        ),
        ("STRICT_DNS", vec!["edition.cnn.com:8443"], "leads to `edition.cnn.com:8443`"),
        ("STRICT_DNS", vec!["edition.cnn.com:443", "198.51.100.66:443"], "leads to `198.51.100.66:443`"),
        ("STRICT_DNS", vec!["edition.cnn.com:443", ""], "leads to ``"),
        ("LOGICAL_DNS", vec![], "leads nowhere"),
    ] {
        let mut view = gateway();
        let cluster = view.configured.get_mut(TO_HOST).unwrap();
        discovery.clone_into(&mut cluster.discovery);
        cluster.targets = targets.into_iter().map(str::to_owned).collect();
        let told = lack(&view, &added(Role::GatewayLeg));
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_gateway_that_does_not_tell_of_its_cluster_is_not_live() {
    let mut view = gateway();
    view.configured.remove(TO_HOST);
    assert_eq!(lack(&view, &added(Role::GatewayLeg)), format!("no cluster `{TO_HOST}`"));
    // A mesh may be told to write no services into clusters; where they lead is seen all the same.
    let mut view = gateway();
    view.configured.get_mut(TO_HOST).unwrap().service = None;
    assert_eq!(check(&view, &added(Role::GatewayLeg)), Ok(()));
}

#[test]
fn a_sidecar_that_takes_another_object_for_the_gateway_or_for_the_host_is_not_live() {
    let mut view = sidecar();
    "billing"
        .clone_into(&mut view.configured.get_mut(TO_GATEWAY).unwrap().service.as_mut().unwrap().namespace);
    assert!(lack(&view, &added(Role::Client)).contains("in namespace billing, not in istio-system"));

    let mut view = sidecar();
    "billing".clone_into(&mut view.configured.get_mut(DIRECT).unwrap().service.as_mut().unwrap().namespace);
    let expectation = added(Role::Client);
    assert!(lack(&view, &expectation).contains("in namespace billing, not in shop"));
    // A namespace may declare hosts for its own pods.
    assert_eq!(check(&view, &expectation.seen_from("billing")), Ok(()));
    assert!(check(&view, &expectation.seen_from("third")).is_err());
    assert_eq!(added(Role::GatewayLeg).seen_from("billing"), added(Role::GatewayLeg));
}

fn lack(view: &ProxyView, expectation: &Expectation) -> String {
    check(view, expectation).expect_err("something that is lacking").0
}

/// What must be shown after the step that writes the object of this role.
fn added(role: Role) -> Expectation {
    let record = request("edition.cnn.com");
    let plan = crate::fixture::added(&record, &snapshot(&[]));
    let step = plan.steps.into_iter().find(|step| step.role == role);
    step.and_then(|step| step.proof).expect("a proof")
}

/// What must be shown after the step that deletes it.
fn removed(role: Role) -> Expectation {
    let cluster = snapshot(&stored(&request("edition.cnn.com")));
    let egress = inventory::egresses(&cluster).pop().expect("an egress");
    let plan = plan::remove::plan(&egress, &[], &RemovalImpact::of(&[], &cluster));
    let step = plan.steps.into_iter().find(|step| step.role == role);
    step.and_then(|step| step.proof).expect("a proof")
}
