//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

const SETTINGS: &str = r#"{
    "ask": "ask in #egress",
    "catalogue": {
        "stripe": {"hosts": ["api.stripe.com"], "owner": "team-payments"},
        "bucket": {"hosts": ["*.s3.example"], "ports": [443, 8443]}
    }
}"#;

fn decide(host: &str, port: u16) -> Verdict {
    let destinations = vec![Destination::new(host, port)];
    let request = Request { destinations, settings: SETTINGS.to_owned(), ..Request::default() };
    ask::hosts::<HostCatalogue>(&request).unwrap()
}

#[test]
fn a_service_is_reached_at_its_ports() {
    assert_eq!(decide("api.stripe.com", 443).rulings[0].decision, Decision::Allow);
    assert_eq!(decide("eu.s3.example", 8443).rulings[0].decision, Decision::Allow);
}

#[test]
fn a_host_outside_the_catalogue_is_denied_with_whom_to_ask() {
    let finding = &decide("api.stripe.io", 443).rulings[0].findings[0];

    assert_eq!(finding.code, UNKNOWN_HOST);
    assert_eq!(finding.path.as_deref(), Some("destinations[0].host"));
    assert_eq!(finding.remediation.as_deref(), Some("ask in #egress"));
}

#[test]
fn another_port_is_denied_with_the_ports_there_are() {
    let finding = &decide("api.stripe.com", 8443).rulings[0].findings[0];

    assert_eq!(finding.code, UNKNOWN_PORT);
    assert_eq!(finding.message, "stripe may be called on port 443, not on 8443");
    assert_eq!(finding.remediation.as_deref(), Some("ask team-payments, the owner of stripe"));
}

#[test]
fn a_typo_in_the_settings_is_told_with_its_place() {
    let findings =
        ask::check_settings::<HostCatalogue>(r#"{"catalogue": {"stripe": {"hosts": ["https://a"]}}}"#);

    assert_eq!(findings[0].path.as_deref(), Some("settings.catalogue.stripe.hosts[0]"));
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<HostCatalogue>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
