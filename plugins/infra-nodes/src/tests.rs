//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

const SETTINGS: &str = r#"{
    "catalogue": {
        "api": {"gateway": "api-egressgateway", "host": "api.example"},
        "cnn": {"host": "edition.cnn.com"}
    }
}"#;

fn request(host: &str) -> Request {
    let destinations = vec![Destination::new(host, 80)];
    Request {
        destinations,
        layout: "documented".to_owned(),
        settings: SETTINGS.to_owned(),
        ..Request::default()
    }
}

fn names(host: &str) -> Vec<String> {
    let slots: Vec<Slot> = [
        ("ServiceEntry", "client"),
        ("Gateway", "gateway"),
        ("DestinationRule", "destination-rule"),
        ("Subset", "destination-rule"),
        ("VirtualService", "mesh-leg"),
    ]
    .into_iter()
    .zip(0..)
    .map(|((kind, role), id)| Slot {
        id,
        kind: kind.to_owned(),
        role: role.to_owned(),
        host: Some(host.to_owned()),
        namespace: "default".to_owned(),
        default_name: "default".to_owned(),
        max_length: 253,
    })
    .collect();
    let names = ask::naming::<InfraNodes>(&request(host), &slots).unwrap();
    names.names.into_iter().map(|name| name.name).collect()
}

#[test]
fn objects_are_called_as_the_organisation_calls_them() {
    let expected =
        ["cnn", "istio-egressgateway", "egressgateway-for-cnn", "cnn", "direct-cnn-through-egress-gateway"];

    assert_eq!(names("edition.cnn.com"), expected);
}

#[test]
fn an_entry_may_have_a_gateway_of_its_own() {
    assert_eq!(names("api.example")[1], "api-egressgateway");
}

#[test]
fn a_host_outside_the_catalogue_is_denied_and_keeps_its_names() {
    let verdict = ask::hosts::<InfraNodes>(&request("example.com")).unwrap();

    assert_eq!(verdict.rulings[0].findings[0].code, UNKNOWN_HOST);
    assert_eq!(verdict.rulings[0].findings[0].evidence, [Label::new("catalogue", "api, cnn")]);
    assert!(names("example.com").is_empty());
}

#[test]
fn traffic_leaves_on_infra_nodes_only() {
    let pin = ask::pinning::<InfraNodes>(&request("edition.cnn.com")).unwrap();

    let Answer::Place(placement) = pin.answer else { panic!("a placement was expected") };
    assert_eq!(placement.required, [Requirement::exists("node-role.kubernetes.io/infra")]);
}

#[test]
fn names_that_kubernetes_refuses_are_told_before_they_are_used() {
    let settings = r#"{"catalogue": {"CNN": {"host": "edition.cnn.com"}, "api": {"host": "https://a", "gateway": "a.b"}}}"#;

    let findings = ask::check_settings::<InfraNodes>(settings);

    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        ["`CNN` is not a short name", "`a.b` is not a Gateway name", "`https://a` is not a host"]
    );
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<InfraNodes>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
