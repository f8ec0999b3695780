//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn decide(port: u16, settings: &str) -> Ruling {
    let destinations = vec![Destination::new("api.example", port)];
    let request = Request { destinations, settings: settings.to_owned(), ..Request::default() };
    ask::hosts::<TlsOnly>(&request).unwrap().rulings.remove(0)
}

#[test]
fn http_is_denied_with_what_to_call_instead() {
    let ruling = decide(80, "{}");

    assert_eq!(ruling.decision, Decision::Deny);
    assert!(ruling.findings[0].remediation.as_deref().unwrap().contains("https://api.example"));
}

#[test]
fn http_that_is_let_through_travels_in_mesh_mtls() {
    for settings in [r#"{"http": "warn"}"#, r#"{"except": ["api.example"]}"#] {
        let ruling = decide(80, settings);
        assert_eq!(
            (ruling.decision, ruling.routes),
            (Decision::Abstain, vec!["mtls".to_owned()]),
            "{settings}"
        );
    }
}

#[test]
fn tls_is_let_through_and_with_identity_only_in_mesh_mtls() {
    assert_eq!(decide(443, "{}").routes, ["mtls", "passthrough"]);
    assert_eq!(decide(443, r#"{"identity": true}"#).routes, ["mtls"]);
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<TlsOnly>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
