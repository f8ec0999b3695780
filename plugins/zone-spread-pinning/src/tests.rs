//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn node(name: &str, zone: &str, ready: bool) -> Node {
    let labels = vec![
        Label::new("node-role.kubernetes.io/egress", ""),
        Label::new("topology.kubernetes.io/zone", zone),
    ];
    Node { name: name.to_owned(), ready, labels, ..Node::default() }
}

fn pin(nodes: Vec<Node>) -> Pin {
    ask::pinning::<ZoneSpreadPinning>(&Request { nodes, ..Request::default() }).unwrap()
}

#[test]
fn the_gateway_must_run_on_dedicated_nodes_in_two_zones() {
    let pin = pin(vec![node("a", "z1", true), node("b", "z2", true)]);

    let Answer::Place(placement) = pin.answer else { panic!("a placement was expected") };
    assert_eq!(placement.required, [Requirement::exists("node-role.kubernetes.io/egress")]);
    assert_eq!(placement.spread, Some(Spread::over("topology.kubernetes.io/zone", 2)));
    assert_eq!((placement.min_nodes, pin.findings.len()), (2, 0));
}

#[test]
fn too_few_nodes_or_zones_are_told_before_a_gateway_is_looked_for() {
    let one_zone = pin(vec![node("a", "z1", true), node("b", "z1", true)]);
    let one_ready = pin(vec![node("a", "z1", true), node("b", "z2", false)]);

    assert_eq!(one_zone.findings[0].code, TOO_FEW_ZONES);
    assert_eq!(one_ready.findings[0].code, TOO_FEW_NODES);
}

#[test]
fn without_a_look_at_nodes_nothing_is_said_of_them() {
    assert!(pin(Vec::new()).findings.is_empty());
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<ZoneSpreadPinning>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
