//! Label selectors, as `kubectl get -l` takes them: `team=news,tier!=test,env in (a,b),!old`.
//!
//! Parsed once, asked often. Knows the text; when labels meet it is known in `label_selector`.

use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
use thiserror::Error;

use crate::host::printable;
use crate::kubernetes_name::{is_label_value, is_qualified_name};
use crate::label_selector::meets;
use crate::resource::StringMap;

/// Demands on labels; all must be met.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector(Vec<LabelSelectorRequirement>);

/// Why a text is no selector.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected a label selector such as `team=news,tier!=test`, found `{0}`")]
pub struct SelectorError(pub String);

impl Selector {
    /// Whether labels meet every demand.
    pub fn matches(&self, labels: &StringMap) -> bool {
        self.0.iter().all(|requirement| meets(requirement, labels.get(requirement.key.as_str())))
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let requirements: Option<Vec<_>> = split(text).into_iter().map(requirement).collect();
        requirements.map(Selector).ok_or_else(|| SelectorError(printable(text)))
    }
}

/// Splits at the commas that stand outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|character| {
        inside = match character {
            '(' => true,
            ')' => false,
            _ => inside,
        };
        character == ',' && !inside
    })
    .map(str::trim)
    .collect()
}

fn requirement(text: &str) -> Option<LabelSelectorRequirement> {
    let (key, operator, values) = if let Some(key) = text.strip_prefix('!') {
        (key, "DoesNotExist", None)
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, "NotIn", Some(vec![label_value(value)?]))
    } else if let Some((key, value)) = text.split_once('=') {
        (key, "In", Some(vec![label_value(value.strip_prefix('=').unwrap_or(value))?]))
    } else if let Some((key, set)) = text.split_once('(') {
        let set: Option<Vec<String>> = set.strip_suffix(')')?.split(',').map(label_value).collect();
        match key.trim_end().rsplit_once(char::is_whitespace)? {
            (key, "in") => (key, "In", Some(set?)),
            (key, "notin") => (key, "NotIn", Some(set?)),
            _ => return None,
        }
    } else {
        (text, "Exists", None)
    };
    let (key, operator) = (key.trim().to_owned(), operator.to_owned());
    is_qualified_name(&key).then_some(LabelSelectorRequirement { key, operator, values })
}

fn label_value(text: &str) -> Option<String> {
    let value = text.trim();
    is_label_value(value).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels =
            labels.iter().map(|(key, value)| ((*key).to_owned().into(), (*value).to_owned())).collect();
        selector.parse::<Selector>().unwrap().matches(&labels)
    }

    #[test]
    fn every_form_of_kubectl_is_understood() {
        let labels = [("team", "news"), ("example.com/tier", "test")];
        for selector in [
            "team",
            "team=news",
            "team==news",
            "team = news",
            "team!=sport",
            "!old",
            "old!=x",
            "team in (sport, news)",
            "team notin (sport),example.com/tier=test",
            "old notin (x)",
        ] {
            assert!(matches(selector, &labels), "{selector}");
        }
        for selector in ["old", "team=sport", "team!=news", "!team", "team in (sport)", "team,old"] {
            assert!(!matches(selector, &labels), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in
            ["", ",", "a,,b", "=x", "a=b c", "a in b", "a in (b", "a > 1", "a/b/c", "-a", "a=\u{1b}[31m"]
        {
            assert!(text.parse::<Selector>().is_err(), "{text:?}");
        }
    }
}
