//! The expected requirements for nodes.

use std::fmt;

use egress_policy::answer::{Pin, PinAnswer, Placement, Requirement, Spread};
use egress_policy::pinning::holds;
use egress_policy::request::{Node, Request};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::ask::Seen;

/// The expected answer.
#[derive(Clone, Debug)]
pub enum ExpectedPin {
    /// The policy abstains.
    Abstain,
    /// Any node is allowed.
    AnyNode,
    /// Only some nodes are allowed.
    Place(ExpectedPlacement),
}

/// The expected placement. A field that is not written is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ExpectedPlacement {
    /// The names of the request's nodes that fulfil all requirements, in any order.
    matches: Option<Vec<String>>,
    required: Option<Vec<Requirement>>,
    preferred: Option<Vec<Requirement>>,
    spread: Option<Spread>,
    min_nodes: Option<u32>,
}

/// The names of the nodes that fulfil the requirements of a placement, sorted.
pub fn matching(placement: &Placement, nodes: &[Node]) -> Vec<String> {
    let fulfils = |node: &&Node| placement.required.iter().all(|one| holds(one, &node.labels));
    let mut names: Vec<String> = nodes.iter().filter(fulfils).map(|node| node.name.clone()).collect();
    names.sort();
    names
}

/// One requirement as text: `zone In a,b`.
pub fn requirement(requirement: &Requirement) -> String {
    let Requirement { key, operator, values } = requirement;
    format!("{key} {operator:?} {}", values.join(",")).trim_end().to_owned()
}

impl ExpectedPin {
    /// The differences; empty: the answer is as expected.
    pub fn compare(&self, request: &Request, seen: &Seen) -> Vec<String> {
        let none = Pin::default();
        let found = match &seen.pinning {
            Some(Ok(pin)) => pin,
            _ => &none,
        };
        match (self, &found.answer) {
            (ExpectedPin::Abstain, PinAnswer::Abstain) | (ExpectedPin::AnyNode, PinAnswer::AnyNode) => {
                Vec::new()
            }
            (ExpectedPin::Place(expected), PinAnswer::Place(found)) => expected.compare(request, found),
            (expected, found) => {
                vec![format!("pin: expected {}, found {}", expected.word(), word(found))]
            }
        }
    }

    fn word(&self) -> &'static str {
        match self {
            ExpectedPin::Abstain => "abstain",
            ExpectedPin::AnyNode => "any-node",
            ExpectedPin::Place(_) => "requirements",
        }
    }
}

/// The name of an answer.
pub fn word(answer: &PinAnswer) -> &'static str {
    match answer {
        PinAnswer::Abstain => "abstain",
        PinAnswer::AnyNode => "any-node",
        PinAnswer::Place(_) => "requirements",
    }
}

impl ExpectedPlacement {
    fn compare(&self, request: &Request, found: &Placement) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(expected) = &self.matches {
            let (mut expected, found) = (expected.clone(), matching(found, &request.nodes));
            expected.sort();
            if expected != found {
                problems.push(format!(
                    "pin: matches: expected [{}], found [{}]",
                    expected.join(", "),
                    found.join(", ")
                ));
            }
        }
        for (what, expected, found) in
            [("required", &self.required, &found.required), ("preferred", &self.preferred, &found.preferred)]
        {
            if let Some(expected) = expected
                && sorted(expected) != sorted(found)
            {
                problems.push(format!("pin: {what}: expected {}, found {}", listed(expected), listed(found)));
            }
        }
        if self.spread.is_some() && self.spread != found.spread {
            problems.push(format!("pin: spread: found {:?}", found.spread));
        }
        if let Some(expected) = self.min_nodes
            && expected != found.min_nodes
        {
            problems.push(format!("pin: min-nodes: expected {expected}, found {}", found.min_nodes));
        }
        problems
    }
}

fn sorted(requirements: &[Requirement]) -> Vec<&Requirement> {
    let mut sorted: Vec<_> = requirements.iter().collect();
    sorted.sort();
    sorted
}

fn listed(requirements: &[Requirement]) -> String {
    let each: Vec<String> = sorted(requirements).into_iter().map(requirement).collect();
    format!("[{}]", each.join("; "))
}

impl<'de> Deserialize<'de> for ExpectedPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PinVisitor)
    }
}

struct PinVisitor;

impl<'de> Visitor<'de> for PinVisitor {
    type Value = ExpectedPin;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`abstain`, `any-node`, or a map such as `matches: [node-1]`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ExpectedPin, E> {
        match text {
            "abstain" => Ok(ExpectedPin::Abstain),
            "any-node" => Ok(ExpectedPin::AnyNode),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ExpectedPin, A::Error> {
        ExpectedPlacement::deserialize(MapAccessDeserializer::new(map)).map(ExpectedPin::Place)
    }
}
