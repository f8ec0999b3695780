//! Whether an answer can be built on: names that Kubernetes takes, each for one object, in the place it must be.

use std::collections::{BTreeMap, BTreeSet};

use super::part;
use crate::answer::{EvaluationError, Name, Names};
use crate::label::{is_key, is_subdomain, is_value};
use crate::request::Slot;
use egress_core::host::quoted;
use egress_core::intent::is_label;
use egress_core::metadata::is_our_key;

/// The answer, and its names by slot. `prefixes`: those of labels and annotations that may be set; `None`: any.
pub(super) fn check(
    answer: Names,
    slots: &[Slot],
    prefixes: Option<&BTreeSet<String>>,
) -> Result<(Names, BTreeMap<u32, Name>), EvaluationError> {
    let mut names: BTreeMap<u32, Name> = BTreeMap::new();
    for name in &answer.names {
        let Some(slot) = slots.iter().find(|slot| slot.id == name.slot) else {
            let message = format!("it names the object {}, which was not in the question", name.slot);
            return Err(EvaluationError::BadAnswer(message));
        };
        check_name(slot, name, prefixes).map_err(EvaluationError::BadAnswer)?;
        if names.insert(slot.id, name.clone()).is_some() {
            return Err(EvaluationError::BadAnswer(format!("it names {} twice", part(slot))));
        }
    }
    unique(slots, &names)?;
    Ok((answer, names))
}

fn check_name(slot: &Slot, name: &Name, prefixes: Option<&BTreeSet<String>>) -> Result<(), String> {
    let longest = usize::try_from(slot.max_length).unwrap_or(usize::MAX);
    let found = quoted(&name.name);
    if name.name.len() > longest {
        let length = name.name.len();
        return Err(format!(
            "expected at most {longest} characters as the name of {}, found {length}: {found}",
            part(slot)
        ));
    }
    // The API server takes more for a Gateway; istiod makes a label of its name. A subset is part of a cluster's name.
    let one_label = matches!(slot.kind.as_str(), "Gateway" | "Subset");
    let is_valid = if one_label { is_label(&name.name) } else { is_subdomain(&name.name) };
    if !is_valid {
        let dots = if one_label { "" } else { ", with dots between" };
        return Err(format!(
            "expected lower-case letters, digits and `-` inside{dots} as the name of {}, found {found}",
            part(slot)
        ));
    }
    if let Some(namespace) = name.namespace.as_ref().filter(|namespace| **namespace != slot.namespace) {
        return Err(format!(
            "it puts {} into the namespace {}; expected {}, since every object of a host is seen from the callers' namespace",
            part(slot),
            quoted(namespace),
            slot.namespace
        ));
    }
    for key in name.labels.keys().chain(name.annotations.keys()) {
        check_key(key)
            .and_then(|()| check_prefix(key, prefixes))
            .map_err(|problem| format!("{problem} on {}", part(slot)))?;
    }
    match name.labels.iter().find(|(_, value)| !is_value(value)) {
        None => Ok(()),
        Some((key, value)) => Err(format!(
            "expected at most 63 letters, digits, `-`, `_` and `.` as the value of the label `{key}` of {}, found {}",
            part(slot),
            quoted(value)
        )),
    }
}

fn check_key(key: &str) -> Result<(), String> {
    if !is_key(key) {
        return Err(format!("expected a key such as `owner` or `acme.com/owner`, found {}", quoted(key)));
    }
    if is_our_key(key) {
        return Err(format!("expected no key that kubectl egress sets itself, found `{key}`"));
    }
    Ok(())
}

/// A label with a prefix belongs to a controller: `argocd.argoproj.io/sync-options` or `istio.io/rev` on an object
/// make others delete it, adopt it or no longer see it. A key without a prefix is the user's own, by the rules of
/// Kubernetes, and no controller acts on it.
fn check_prefix(key: &str, prefixes: Option<&BTreeSet<String>>) -> Result<(), String> {
    let (Some(allowed), Some((prefix, _))) = (prefixes, key.split_once('/')) else { return Ok(()) };
    if allowed.contains(prefix) {
        return Ok(());
    }
    Err(format!(
        "expected no key of another controller (the cluster's egress-policy.yaml may allow it: \
         `labels: {{allow: [{prefix}]}}`), found `{key}`"
    ))
}

/// Two objects of one kind and namespace with one name would be one object. Default names are unique among themselves.
pub(super) fn unique(slots: &[Slot], names: &BTreeMap<u32, Name>) -> Result<(), EvaluationError> {
    let called =
        |slot: &Slot| names.get(&slot.id).map_or(slot.default_name.clone(), |name| name.name.clone());
    let mut taken: BTreeMap<(&str, &str, String), &Slot> = BTreeMap::new();
    for slot in slots {
        let name = called(slot);
        let Some(other) = taken.insert((&slot.kind, &slot.namespace, name.clone()), slot) else { continue };
        if names.contains_key(&slot.id) || names.contains_key(&other.id) {
            return Err(EvaluationError::BadAnswer(format!(
                "it calls both {} and {} `{name}`; expected a name of its own for each {} of namespace {}",
                part(other),
                part(slot),
                slot.kind,
                slot.namespace
            )));
        }
    }
    Ok(())
}
