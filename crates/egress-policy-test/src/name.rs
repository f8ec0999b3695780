//! Expected names of objects.

use std::collections::BTreeMap;
use std::fmt;

use egress_policy::answer::Name;
use egress_policy::request::Slot;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::ask::Seen;
use super::slots::is_called;

/// The expected name of an object, and its expected labels and annotations.
#[derive(Clone, Debug, Default)]
pub struct ExpectedName(NameFields);

/// The form with several fields.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct NameFields {
    name: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// The differences; empty: the names are as expected.
pub fn compare(expected: &BTreeMap<String, ExpectedName>, slots: &[Slot], seen: &Seen) -> Vec<String> {
    let answers = match &seen.naming {
        Some(Ok(names)) => names.names.as_slice(),
        _ => &[],
    };
    let mut problems = Vec::new();
    for (called, expected) in expected {
        let meant: Vec<&Slot> = slots.iter().filter(|slot| is_called(slot, called)).collect();
        match meant.as_slice() {
            [slot] => problems.extend(expected.compare(called, slot, answers)),
            [] => problems.push(format!("names: there is no object `{called}` in this request")),
            _ => problems.push(format!("names: several hosts have `{called}`: write `HOST/{called}`")),
        }
    }
    problems
}

impl ExpectedName {
    fn compare(&self, called: &str, slot: &Slot, answers: &[Name]) -> Vec<String> {
        let answer = answers.iter().find(|name| name.slot == slot.id);
        let mut problems = Vec::new();
        if let Some(expected) = &self.0.name {
            let found = answer.map_or(&slot.default_name, |answer| &answer.name);
            if found != expected {
                problems.push(format!("names: {called}: expected `{expected}`, found `{found}`"));
            }
        }
        let none = BTreeMap::new();
        let marks = [
            ("labels", &self.0.labels, answer.map_or(&none, |answer| &answer.labels)),
            ("annotations", &self.0.annotations, answer.map_or(&none, |answer| &answer.annotations)),
        ];
        for (what, expected, found) in marks {
            for (key, value) in expected.iter().filter(|(key, value)| found.get(*key) != Some(value)) {
                let found = found.get(key).map_or("none".to_owned(), |value| format!("`{value}`"));
                problems.push(format!("names: {called}: {what}: {key}: expected `{value}`, found {found}"));
            }
        }
        problems
    }
}

impl<'de> Deserialize<'de> for ExpectedName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = ExpectedName;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name, or a map of `name`, `labels` and `annotations`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ExpectedName, E> {
        Ok(ExpectedName(NameFields { name: Some(name.to_owned()), ..NameFields::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ExpectedName, A::Error> {
        NameFields::deserialize(MapAccessDeserializer::new(map)).map(ExpectedName)
    }
}
