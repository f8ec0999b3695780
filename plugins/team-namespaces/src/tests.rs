//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

const SETTINGS: &str = r#"{
    "groups": {"payments": ["*.stripe.com"], "shared": ["pypi.org"]},
    "grants": [
        {"namespaces": "team=pay,env in (prod, test)", "groups": ["payments"]},
        {"namespaces": "", "groups": ["shared"]}
    ],
    "only-groups": true
}"#;

fn decide(host: &str, team: &str) -> Ruling {
    let request = Request {
        destinations: vec![Destination::new(host, 443)],
        namespace_labels: vec![Label::new("team", team), Label::new("env", "prod")],
        settings: SETTINGS.to_owned(),
        ..Request::default()
    };
    ask::hosts::<TeamNamespaces>(&request).unwrap().rulings.remove(0)
}

#[test]
fn a_team_reaches_what_it_was_granted() {
    assert_eq!(decide("api.stripe.com", "pay").decision, Decision::Allow);
    assert_eq!(decide("pypi.org", "search").decision, Decision::Allow);
}

#[test]
fn another_team_is_denied_with_the_group_to_ask_for() {
    let ruling = decide("api.stripe.com", "search");

    assert_eq!((ruling.decision, ruling.findings[0].code.as_str()), (Decision::Deny, NOT_GRANTED));
    assert!(ruling.findings[0].remediation.as_deref().unwrap().contains("payments"));
}

#[test]
fn a_host_in_no_group_is_denied_where_the_settings_say_so() {
    assert_eq!(decide("example.com", "pay").findings[0].code, NO_GROUP);
}

#[test]
fn a_grant_of_an_unknown_group_is_told() {
    let settings = r#"{"groups": {}, "grants": [{"namespaces": "", "groups": ["gone"]}]}"#;

    let findings = ask::check_settings::<TeamNamespaces>(settings);

    assert_eq!(findings[0].message, "there is no group `gone`");
    assert_eq!(findings[0].path.as_deref(), Some("settings.grants[0].groups"));
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<TeamNamespaces>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
