//! The documents match the schemas that are published for them.

use egress_core::admission::exported::Flaw;
use egress_core::admission::guard::{Guard, GuardedGateway};
use egress_core::admission::{AdmissionPolicy, Enforcement, Standing};
use egress_core::intent::Layout;
use egress_core::related_resources::ExportFacts;
use egress_core::role::{Kind, Role};
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_policy::audit::Audit;
use egress_policy::descriptor::Hook;
use egress_policy::layer::Layer;
use egress_render::outcome::{self, DryRun};
use egress_render::{admission, audit, inventory, manifest, policy};
use serde_json::{Value, json};

use crate::audit::audit;
use crate::fixtures::rows;
use crate::policy::evaluation;
use crate::result::outcomes;

fn schema(text: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(text).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn check(schema: &jsonschema::Validator, document: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn every_list_matches_its_schema() {
    let schema = schema(include_str!("../../../../docs/schema/list.json"));
    check(&schema, &inventory::document(&rows()).unwrap());
    check(&schema, &inventory::document(&[]).unwrap());
    for layout in Layout::ALL {
        let mut rows = rows();
        for row in &mut rows {
            row.egress.layout = row.egress.layout.map(|_| layout);
        }
        check(&schema, &inventory::document(&rows).unwrap());
    }
}

#[test]
fn every_result_matches_its_schema() {
    let schema = schema(include_str!("../../../../docs/schema/result.json"));
    for dry_run in [DryRun::None, DryRun::Client, DryRun::Server] {
        check(&schema, &outcome::document(&outcomes(), dry_run).unwrap());
    }
}

#[test]
fn every_audit_matches_its_schema() {
    let schema = schema(include_str!("../../../../docs/schema/audit.json"));
    let export = ExportFacts { exists: true, flaws: vec![Flaw::Old, Flaw::Unbound], unreadable: None };
    check(&schema, &audit::document(&audit(), &export).unwrap());
    let unread = ExportFacts { unreadable: Some("forbidden".to_owned()), ..ExportFacts::default() };
    check(&schema, &audit::document(&Audit::default(), &unread).unwrap());
    check(&schema, &audit::document(&Audit::default(), &ExportFacts::default()).unwrap());
}

#[test]
fn every_judgement_matches_its_schema() {
    let schema = schema(include_str!("../../../../docs/schema/policy.json"));
    check(&schema, &policy::document(&evaluation()).unwrap());
}

#[test]
fn every_guard_matches_its_schema() {
    let schema = schema(include_str!("../../../../docs/schema/guard.json"));
    let stock = GatewayFacts::assumed(GatewayFacts::stock().name, GatewayFacts::stock().selector);
    let guard = Guard {
        gateways: vec![GuardedGateway::of(&stock, &Snapshot::default())],
        cluster_domain: "cluster.local".to_owned(),
        endpoint_writers: ["system:serviceaccount:databases:operator".to_owned()].into(),
    };
    let policies = guard.policies();
    let bound: Vec<_> = policies.iter().map(AdmissionPolicy::policy).collect();
    let bindings: Vec<_> = policies.iter().map(|policy| policy.binding(Enforcement::Deny)).collect();
    let standings = |bindings: &[_]| -> Vec<Standing> {
        policies.iter().map(|policy| Standing::of(policy, &bound, bindings)).collect()
    };
    check(&schema, &admission::document(&guard, &standings(&bindings)));
    check(&schema, &admission::document(&guard, &standings(&[])));
    check(&schema, &admission::undone(&[admission::binding_name("kubectl-egress-guard-gateways")]));
}

#[test]
fn a_schema_refuses_what_it_does_not_know() {
    let schema = schema(include_str!("../../../../docs/schema/list.json"));
    let mut document = inventory::document(&rows()).unwrap();
    document["items"][0]["surprise"] = json!(1);
    assert!(!schema.is_valid(&document));
    assert!(!schema.is_valid(&manifest::list(&[])));
}

/// Of the kind: a kind of object that was added, and that the schema of a list refuses.
#[test]
fn what_a_schema_enumerates_is_what_the_program_knows() {
    let list = include_str!("../../../../docs/schema/list.json");
    let result = include_str!("../../../../docs/schema/result.json");
    let policy = include_str!("../../../../docs/schema/policy.json");
    let audit = include_str!("../../../../docs/schema/audit.json");
    let words = [
        (list, "/$defs/egress/properties/layout", json!(Layout::ALL)),
        (list, "/$defs/object/properties/kind", json!(Kind::ALL)),
        (result, "/$defs/object/properties/kind", json!(Kind::ALL)),
        (result, "/$defs/step/properties/role", json!(Role::ALL)),
        (policy, "/$defs/report/properties/hook", json!(Hook::ALL)),
        (policy, "/$defs/report/properties/layer", json!(Layer::ALL)),
        (audit, "/$defs/row/properties/by/properties/layer", json!(Layer::ALL)),
    ];
    let sorted = |words: &Value| {
        let mut words: Vec<String> = words.as_array().unwrap().iter().map(ToString::to_string).collect();
        words.sort();
        words
    };
    for (schema, pointer, known) in words {
        let schema: Value = serde_json::from_str(schema).unwrap();
        let enumerated = schema.pointer(&format!("{pointer}/enum"));
        assert_eq!(enumerated.map(sorted), Some(sorted(&known)), "{} {pointer}", schema["title"]);
    }
}
