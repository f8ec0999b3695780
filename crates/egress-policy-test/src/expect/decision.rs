//! The expected decision: one for all destinations, or one for each.

use std::fmt;

use egress_policy::answer::Decision;
use egress_policy::request::Request;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::ask::Seen;

/// The names of decisions.
const WORDS: [(&str, Decision); 3] =
    [("allow", Decision::Allow), ("deny", Decision::Deny), ("abstain", Decision::Abstain)];

/// The expected decisions.
#[derive(Clone, Debug)]
pub(super) enum Decisions {
    /// The same decision for all destinations.
    All(Decision),
    /// One decision for each destination, in order.
    Each(Vec<Decision>),
}

/// The name of a decision.
pub fn word(decision: Decision) -> &'static str {
    WORDS.into_iter().find(|(_, known)| *known == decision).map_or("abstain", |(word, _)| word)
}

impl Decisions {
    /// The differences; empty: the decisions are as expected.
    pub(super) fn compare(&self, request: &Request, seen: &Seen) -> Vec<String> {
        let found = seen.decisions(request.destinations.len());
        let expected = match self {
            Decisions::All(decision) => vec![*decision; found.len()],
            Decisions::Each(each) => each.clone(),
        };
        if expected.len() != found.len() {
            return vec![format!(
                "decision: expected {} decisions, but the request has {} destinations",
                expected.len(),
                found.len()
            )];
        }
        let pairs = expected.into_iter().zip(found).zip(&request.destinations);
        pairs
            .filter(|((expected, found), _)| expected != found)
            .map(|((expected, found), destination)| {
                let (host, port) = (&destination.host, destination.port);
                format!("decision: expected {} of {host}:{port}, found {}", word(expected), word(found))
            })
            .collect()
    }
}

impl<'de> Deserialize<'de> for Decisions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecisionsVisitor)
    }
}

struct DecisionsVisitor;

impl<'de> Visitor<'de> for DecisionsVisitor {
    type Value = Decisions;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`allow`, `deny` or `abstain`, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decisions, E> {
        let known = WORDS.into_iter().find(|(word, _)| *word == text);
        known
            .map(|(_, decision)| Decisions::All(decision))
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Decisions, A::Error> {
        let mut each = Vec::new();
        while let Some(decision) = items.next_element()? {
            each.push(decision);
        }
        Ok(Decisions::Each(each))
    }
}
