//! Label selectors as `kubectl -l` takes them: `env=prod,tier in (a,b),!legacy`.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::request::find;
use crate::{Label, Op, Requirement};

/// Requirements on labels, all of which must hold. Without any it selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector(Vec<Requirement>);

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSelector {
    /// The part that cannot be read.
    pub part: String,
}

impl Selector {
    /// Reads what `kubectl -l` reads.
    pub fn parse(text: &str) -> Result<Self, InvalidSelector> {
        let mut requirements = Vec::new();
        let mut inside = false;
        // Between commas that are not inside parentheses.
        let between = |character| {
            match character {
                '(' => inside = true,
                ')' => inside = false,
                _ => {}
            }
            character == ',' && !inside
        };
        for part in text.split(between).map(str::trim_ascii).filter(|part| !part.is_empty()) {
            requirements.push(requirement(part)?);
        }
        Ok(Selector(requirements))
    }

    /// Selects what has this label, whatever its value.
    pub fn exists(key: &str) -> Self {
        Selector(vec![Requirement::exists(key)])
    }

    /// Whether these labels fulfil it.
    pub fn matches(&self, labels: &[Label]) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// The same as requirements on nodes, for a placement.
    pub fn requirements(&self) -> &[Requirement] {
        &self.0
    }
}

impl Requirement {
    /// Whether these labels fulfil it, with the meaning that a node affinity has.
    pub fn holds(&self, labels: &[Label]) -> bool {
        let value = find(labels, &self.key);
        let among = value.is_some_and(|value| self.values.iter().any(|wanted| wanted == value));
        match self.op {
            Op::InSet => among,
            Op::NotInSet => !among,
            Op::Exists => value.is_some(),
            Op::Absent => value.is_none(),
        }
    }
}

fn requirement(part: &str) -> Result<Requirement, InvalidSelector> {
    let invalid = || InvalidSelector { part: part.into() };
    let (key, op, values) = split(part).ok_or_else(invalid)?;
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let keyed = !key.is_empty() && is_name(key);
    if keyed && values.iter().all(|value| is_name(value)) {
        let values = values.into_iter().map(Into::into).collect();
        Ok(Requirement { key: key.into(), op, values })
    } else {
        Err(invalid())
    }
}

/// Splits by single characters: a search for longer ones is 4 KB of a module.
fn split(part: &str) -> Option<(&str, Op, Vec<&str>)> {
    if let Some(key) = part.strip_prefix('!') {
        return Some((key.trim_ascii(), Op::Absent, Vec::new()));
    }
    if let Some(list) = part.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let (key, word) = head.trim_ascii().split_once(' ')?;
        let op = match word.trim_ascii() {
            "in" => Op::InSet,
            "notin" => Op::NotInSet,
            _ => return None,
        };
        return Some((key, op, list.split(',').map(str::trim_ascii).collect()));
    }
    let Some((key, value)) = part.split_once('=') else { return Some((part, Op::Exists, Vec::new())) };
    let value = value.strip_prefix('=').unwrap_or(value).trim_ascii();
    Some(match key.strip_suffix('!') {
        Some(key) => (key.trim_ascii(), Op::NotInSet, vec![value]),
        None => (key.trim_ascii(), Op::InSet, vec![value]),
    })
}

impl fmt::Display for InvalidSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is no part of a selector such as `env=prod,tier in (a,b),!legacy`", self.part)
    }
}

impl core::error::Error for InvalidSelector {}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Selector::parse(&text).map_err(|error| D::Error::custom(format!("{error}")))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    fn selects(selector: &str) -> bool {
        let labels = [Label::new("env", "prod"), Label::new("team.acme.dev/name", "pay")];
        Selector::parse(selector).unwrap().matches(&labels)
    }

    #[test]
    fn every_form_that_kubectl_takes_is_understood() {
        for selector in [
            "",
            "env",
            "env=prod",
            "env==prod",
            "env in (dev, prod),!legacy",
            "env!=dev",
            "team.acme.dev/name=pay",
        ] {
            assert!(selects(selector), "{selector}");
        }
        for selector in ["legacy", "!env", "env=dev", "env notin (prod)", "env!=prod", "env=prod,legacy"] {
            assert!(!selects(selector), "{selector}");
        }
    }

    #[test]
    fn a_label_that_is_not_there_is_not_in_any_set() {
        assert!(selects("legacy notin (yes)"));
        assert!(selects("legacy!=yes"));
        assert!(!selects("legacy in (yes)"));
    }

    #[test]
    fn what_is_no_selector_is_told_with_its_part() {
        for selector in ["=a", "env like (a)", "env in a)", "env=a b", "env in (a"] {
            let error = Selector::parse(selector).unwrap_err();
            assert!(error.to_string().contains(selector), "{selector}: {error}");
        }
    }
}
