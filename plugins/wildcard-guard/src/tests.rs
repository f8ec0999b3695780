//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn decide(host: &str, reason: Option<&str>) -> Verdict {
    let request = Request {
        destinations: vec![Destination::new(host, 443)],
        justification: reason.map(ToOwned::to_owned),
        settings: r#"{"suffixes": ["hosting.example"], "clouds": ["cloud.example"]}"#.to_owned(),
        ..Request::default()
    };
    ask::hosts::<WildcardGuard>(&request).unwrap()
}

fn code(verdict: &Verdict) -> &str {
    &verdict.rulings[0].findings[0].code
}

#[test]
fn a_wildcard_over_a_public_suffix_is_denied_whatever_the_reason() {
    for host in ["*.com", "*.co.uk", "*.github.io", "*.hosting.example"] {
        assert_eq!(code(&decide(host, Some("because"))), PUBLIC, "{host}");
    }
}

#[test]
fn a_wildcard_over_a_cloud_needs_a_reason() {
    for host in ["*.amazonaws.com", "*.cloud.example"] {
        assert_eq!(code(&decide(host, None)), CLOUD, "{host}");
        assert_eq!(code(&decide(host, Some(" "))), CLOUD, "{host}");
        let reasoned = decide(host, Some("INC-42"));
        assert_eq!((code(&reasoned), reasoned.rulings[0].decision), (REASONED, Decision::Abstain), "{host}");
    }
}

#[test]
fn other_hosts_are_not_this_policys_matter() {
    for host in ["*.acme.com", "*.acme.co.uk", "com", "bucket.s3.amazonaws.com"] {
        assert_eq!(decide(host, None), Verdict::default(), "{host}");
    }
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<WildcardGuard>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
