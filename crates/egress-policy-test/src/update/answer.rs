//! The answers of a policy as an expectation.

use egress_policy::answer::{Finding, PinAnswer};
use serde_json::{Map, Value, json};

use crate::expect::{Expect, Fuel, decision_word};
use crate::pin;
use crate::run::CaseReport;
use crate::slots::word;

/// The expectation that matches the answers. Keeps `max-fuel`, and raises it if the answers cost more.
pub fn expectation(expected: Option<&Expect>, case: &CaseReport) -> Value {
    let seen = &case.seen;
    let mut expect = Map::new();
    if let Some(fault) = seen.faults().first() {
        expect.insert("fault".to_owned(), fault.to_string().into());
    }
    if let Some(Ok(_)) = &seen.hosts {
        expect.insert("decision".to_owned(), decisions(case));
    }
    expect.insert("findings".to_owned(), seen.findings().into_iter().map(finding).collect());
    if let Some(names) = names(case) {
        expect.insert("names".to_owned(), names);
    }
    if let Some(Ok(found)) = &seen.pinning {
        let pin = match &found.answer {
            PinAnswer::Place(placement) => {
                json!({ "matches": pin::matching(placement, &case.request.nodes) })
            }
            other => pin::word(other).into(),
        };
        expect.insert("pin".to_owned(), pin);
    }
    if let (Some(Fuel(most)), Some(fuel)) = (expected.and_then(|expect| expect.max_fuel), case.cost.fuel) {
        // Rounded up, so that the number is not taken for a measurement.
        let raised = fuel.div_ceil(1000) + 1;
        let bound = if fuel > most { json!(format!("{raised}k")) } else { json!(most) };
        expect.insert("max-fuel".to_owned(), bound);
    }
    Value::Object(expect)
}

fn decisions(case: &CaseReport) -> Value {
    let each = case.seen.decisions(case.request.destinations.len());
    let words: Vec<&str> = each.into_iter().map(decision_word).collect();
    match words.split_first() {
        Some((first, rest)) if rest.iter().all(|word| word == first) => (*first).into(),
        _ => words.into(),
    }
}

fn finding(finding: &Finding) -> Value {
    let mut value = json!({ "code": finding.code, "severity": finding.severity });
    let texts = [("path", &finding.path), ("remediation", &finding.remediation)];
    for (key, text) in texts {
        if let Some(text) = text {
            value[key] = text.as_str().into();
        }
    }
    value
}

fn names(case: &CaseReport) -> Option<Value> {
    let Some(Ok(answer)) = &case.seen.naming else { return None };
    let several =
        case.slots.iter().filter_map(|slot| slot.host.as_deref()).collect::<std::collections::BTreeSet<_>>();
    let mut names = Map::new();
    for name in &answer.names {
        let Some(slot) = case.slots.iter().find(|slot| slot.id == name.slot) else { continue };
        let called = match &slot.host {
            Some(host) if several.len() > 1 => format!("{host}/{}", word(slot)),
            _ => word(slot).to_owned(),
        };
        let value = if name.labels.is_empty() && name.annotations.is_empty() {
            json!(name.name)
        } else {
            json!({ "name": name.name, "labels": name.labels, "annotations": name.annotations })
        };
        names.insert(called, value);
    }
    Some(Value::Object(names))
}
