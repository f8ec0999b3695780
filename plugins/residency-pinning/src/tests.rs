//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

const SETTINGS: &str = r#"{"classes": {"personal": ["eu-west-1", "eu-central-1"], "public": ["us-east-1"]}"#;

fn pin(class: Option<&str>, more: &str) -> Pin {
    let request = Request {
        namespace_labels: class.map(|class| Label::new("data-class", class)).into_iter().collect(),
        settings: format!("{SETTINGS}{more}}}"),
        ..Request::default()
    };
    ask::pinning::<ResidencyPinning>(&request).unwrap()
}

fn regions(pin: Pin) -> Vec<Requirement> {
    let Answer::Place(placement) = pin.answer else { panic!("a placement was expected") };
    placement.required
}

#[test]
fn data_leaves_in_the_regions_of_its_class() {
    let expected = Requirement::in_set("topology.kubernetes.io/region", ["eu-west-1", "eu-central-1"]);

    assert_eq!(regions(pin(Some("personal"), "")), [expected]);
}

#[test]
fn a_namespace_without_a_class_is_denied_unless_there_is_one_for_it() {
    assert_eq!(pin(None, "").findings[0].code, NO_CLASS);
    assert_eq!(regions(pin(None, r#", "default-class": "public""#))[0].values, ["us-east-1"]);
}

#[test]
fn a_class_that_is_not_known_is_denied_with_those_that_are() {
    let finding = &pin(Some("secret"), "").findings[0];

    assert_eq!(finding.code, UNKNOWN_CLASS);
    assert!(finding.remediation.as_deref().unwrap().ends_with("personal, public"));
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<ResidencyPinning>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
