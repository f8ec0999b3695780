//! The endpoints layout: its steps, what it refuses, and how a host comes to it and leaves it in use.

use egress_core::dialect::{self, Refusal};
use egress_core::intent::Layout;
use egress_core::metadata::Record;
use egress_core::snapshot::GatewayFacts;

use crate::conflicts;
use crate::fixture::{added, gateway, in_layout, request, snapshot, stored, take};
use crate::plans::{lines, remove};

#[test]
fn the_endpoints_layout_needs_no_rule_of_the_callers_and_leads_nowhere_but_to_the_gateway() {
    let record = in_layout(Layout::Endpoints, "edition.cnn.com");
    let plan = added(&record, &snapshot(&[]));
    assert_eq!(
        lines(&plan),
        [
            "create shared Gateway",
            "create upstream",
            "create DestinationRule",
            "create gateway leg, proven in Gateway",
            "create client entry, proven in Clients",
        ]
    );
    let entry = plan.steps[4].object.service_entry().unwrap();
    let endpoints = entry.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.as_deref());
    assert_eq!(
        endpoints.collect::<Vec<_>>(),
        ["istio-egressgateway.istio-system.svc.cluster.local"],
        "an entry that leads outside"
    );
    assert_eq!(
        lines(&remove(&snapshot(&stored(&record)))),
        [
            "delete client entry, proven in Clients",
            "delete gateway leg, proven in Gateway",
            "delete DestinationRule",
            "delete upstream",
        ]
    );
}

#[test]
fn the_endpoints_layout_refuses_a_gateway_whose_name_leads_to_its_pods() {
    let record = in_layout(Layout::Endpoints, "edition.cnn.com");
    let headless = GatewayFacts { headless: true, ..gateway() };
    let built = |record: &Record| dialect::build(record, &headless, &snapshot(&[]).mesh);
    assert!(matches!(built(&record), Err(Refusal::Headless(_))));
    assert!(built(&request("edition.cnn.com")).is_ok());
}

/// The kind: a move between layouts whose objects may stand beside each other. The callers lose no way before they have the
/// other one.
#[test]
fn a_host_moves_between_the_shared_and_the_endpoints_layout_while_it_is_in_use() {
    let shared = request("edition.cnn.com");
    let endpoints = in_layout(Layout::Endpoints, "edition.cnn.com");
    assert_eq!(
        lines(&added(&endpoints, &snapshot(&stored(&shared)))),
        [
            "keep shared Gateway",
            "update upstream",
            "create DestinationRule",
            "keep gateway leg, proven in Gateway",
            "update client entry, proven in Clients",
            "delete mesh leg, proven in Clients",
        ]
    );
    assert_eq!(
        lines(&added(&shared, &snapshot(&stored(&endpoints)))),
        [
            "keep shared Gateway",
            "create shared DestinationRule, proven in Clients",
            "update upstream",
            "keep gateway leg, proven in Gateway",
            "create mesh leg, proven in Clients",
            "update client entry, proven in Clients",
            "delete DestinationRule, proven in Clients",
        ]
    );
}

/// The kind: a proof that other objects make true at once. The mesh leg that a move left hides the entry from the routes, so
/// that routes to the entry prove nothing.
#[test]
fn a_removal_in_the_middle_of_a_move_waits_until_the_callers_have_forgotten_the_host() {
    let moved = added(
        &in_layout(Layout::Endpoints, "edition.cnn.com"),
        &snapshot(&stored(&request("edition.cnn.com"))),
    );
    let mut cluster = snapshot(&stored(&request("edition.cnn.com")));
    for step in moved.steps.iter().take(2) {
        take(step, &mut cluster);
    }
    let removal = remove(&cluster);
    assert_eq!(
        lines(&removal)[..2],
        ["delete client entry, proven in Clients", "delete mesh leg, proven in Clients"]
    );
    let proof = format!("{:?}", removal.steps[0].proof);
    assert!(proof.contains("outbound|443||istio-egressgateway.istio-system"), "{proof}");
}

/// Both use the gateway's shared servers.
#[test]
fn one_namespace_may_use_the_shared_layout_and_another_the_endpoints_layout_for_one_host() {
    let mut billing = request("edition.cnn.com");
    billing.intent.namespace = "billing".to_owned();
    let cluster = snapshot(&stored(&billing));
    let found = conflicts::find(&in_layout(Layout::Endpoints, "edition.cnn.com"), &cluster);
    assert!(found.is_empty(), "{:?}", conflicts::lines(&found));
}
