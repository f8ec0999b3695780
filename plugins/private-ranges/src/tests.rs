//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn code(host: &str) -> Option<String> {
    let request = Request {
        destinations: vec![Destination::new(host, 443)],
        settings: r#"{"networks": ["203.0.113.0/24", "169.254.0.0/16"], "internal": ["*.corp.example"]}"#
            .to_owned(),
        ..Request::default()
    };
    let mut verdict = ask::hosts::<PrivateRanges>(&request).unwrap();
    Some(verdict.rulings.pop()?.findings.pop()?.code)
}

#[test]
fn the_metadata_service_is_denied_in_every_spelling() {
    for host in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "metadata.google.internal"] {
        assert_eq!(code(host).as_deref(), Some(METADATA), "{host}");
    }
}

#[test]
fn addresses_are_denied_but_for_networks_of_the_settings() {
    assert_eq!(code("10.0.0.1").as_deref(), Some(PRIVATE));
    assert_eq!(code("127.0.0.1").as_deref(), Some(PRIVATE));
    assert_eq!(code("8.8.8.8").as_deref(), Some(LITERAL));
    assert_eq!(code("203.0.113.7"), None);
}

#[test]
fn names_from_inside_are_denied() {
    for host in ["api.shop.svc", "api.shop.svc.cluster.local", "*.cluster.local", "wiki", "wiki.corp.example"]
    {
        assert_eq!(code(host).as_deref(), Some(INTERNAL), "{host}");
    }
}

#[test]
fn names_of_the_world_are_not_this_policys_matter() {
    for host in ["api.example.com", "*.example.com", "corp.example", "svc.example.com"] {
        assert_eq!(code(host), None, "{host}");
    }
}

#[test]
fn what_is_no_network_is_told() {
    let findings = ask::check_settings::<PrivateRanges>(r#"{"networks": ["10.0.0.0"]}"#);

    assert!(findings[0].message.contains("no network such as"), "{findings:?}");
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<PrivateRanges>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
