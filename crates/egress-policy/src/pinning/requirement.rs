//! One requirement on a node's labels: whether it is one, whether it holds, and how it is written.

use std::collections::BTreeMap;

use crate::answer::{Operator, Requirement};
use crate::label::is_key;
use egress_core::host::quoted;

/// Whether it can be compared at all.
pub(super) fn check(requirement: &Requirement) -> Result<(), String> {
    let Requirement { key, operator, values } = requirement;
    check_key(key)?;
    match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            Err(format!("expected values to compare the label `{key}` with, found none"))
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            Err(format!("expected no values where the label `{key}` must only be there or not, found some"))
        }
        _ => Ok(()),
    }
}

pub(super) fn check_key(key: &str) -> Result<(), String> {
    if is_key(key) {
        return Ok(());
    }
    Err(format!("expected the key of a label such as `topology.kubernetes.io/zone`, found {}", quoted(key)))
}

/// Whether a node with these labels fulfils it, as the scheduler would say.
pub fn holds(requirement: &Requirement, labels: &BTreeMap<String, String>) -> bool {
    let Requirement { key, operator, values } = requirement;
    let value = labels.get(key);
    match operator {
        Operator::In => value.is_some_and(|value| values.contains(value)),
        Operator::NotIn => value.is_none_or(|value| !values.contains(value)),
        Operator::Exists => value.is_some(),
        Operator::DoesNotExist => value.is_none(),
    }
}

/// What is missing, as a selector of kubectl, and what is there instead: `zone in (a,b), is c`.
pub(super) fn missing(requirement: &Requirement, labels: &BTreeMap<String, String>) -> String {
    let Requirement { key, operator, values } = requirement;
    let wanted = match (operator, values.as_slice()) {
        (Operator::In, [value]) => format!("{key}={value}"),
        (Operator::NotIn, [value]) => format!("{key}!={value}"),
        (Operator::In, values) => format!("{key} in ({})", values.join(",")),
        (Operator::NotIn, values) => format!("{key} notin ({})", values.join(",")),
        (Operator::Exists, _) => key.clone(),
        (Operator::DoesNotExist, _) => format!("!{key}"),
    };
    match labels.get(key) {
        Some(value) if value.is_empty() => format!("{wanted}, is set without a value"),
        Some(value) => format!("{wanted}, is {value}"),
        None => format!("{wanted}, is not set"),
    }
}
