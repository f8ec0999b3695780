//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn slot(id: u32, role: &str, host: Option<&str>) -> Slot {
    Slot {
        id,
        kind: "ServiceEntry".to_owned(),
        role: role.to_owned(),
        host: host.map(ToOwned::to_owned),
        namespace: "shop".to_owned(),
        default_name: "default".to_owned(),
        max_length: 253,
    }
}

fn names(template: &str, slots: &[Slot]) -> Names {
    let request = Request {
        namespace: "shop".to_owned(),
        namespace_labels: vec![Label::new("team", "web")],
        settings: format!(r#"{{"name": "{template}", "labels": {{"acme.dev/team": "{{label:team}}"}}}}"#),
        ..Request::default()
    };
    ask::naming::<NameConvention>(&request, slots).unwrap()
}

#[test]
fn objects_of_a_host_are_named_after_the_template() {
    let slots = [slot(0, "client", Some("api.acme.com")), slot(1, "upstream", Some("api.acme.com"))];

    let names = names("eg-{namespace}-{host}", &slots);

    assert_eq!(names.names[0].name, "eg-shop-api-acme-com");
    assert_eq!(names.names[1].name, "eg-shop-api-acme-com-upstream");
    assert_eq!(names.names[0].labels, [Label::new("acme.dev/team", "web")]);
}

#[test]
fn the_pair_of_a_gateway_keeps_its_name() {
    assert_eq!(names("{host}", &[slot(0, "shared-gateway", None)]), Names::default());
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let host = format!("{}.example", "long".repeat(15));

    let names = names("{host}-{role}", &[slot(0, "client", Some(&host)), slot(1, "upstream", Some(&host))]);

    assert!(names.names.iter().all(|named| name::is_label(&named.name)), "{names:?}");
    assert_ne!(names.names[0].name, names.names[1].name);
}

#[test]
fn a_label_that_the_namespace_lacks_denies_with_the_command() {
    let names = names("{label:owner}-{host}", &[slot(0, "client", Some("api.acme.com"))]);

    assert_eq!(names.findings[0].code, LABEL_MISSING);
    assert_eq!(names.findings[0].remediation.as_deref(), Some("kubectl label namespace shop owner=VALUE"));
}

#[test]
fn a_word_that_is_none_is_told() {
    for template in ["{hosts}", "{host"] {
        let findings = ask::check_settings::<NameConvention>(&format!(r#"{{"name": "{template}"}}"#));
        assert!(findings[0].message.contains("is not one of {host}"), "{template}: {findings:?}");
    }
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<NameConvention>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
