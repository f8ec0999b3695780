//! An expected text: an exact text, or a regular expression between slashes.

use std::fmt;

use regex::Regex;
use serde::de::{Deserialize, Deserializer, Error};

/// An expected text.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// The text is exactly this.
    Exact(String),
    /// The expression matches somewhere in the text: `/#egress/`.
    Expression(Regex),
}

impl Pattern {
    /// Whether a text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(wanted) => wanted == text,
            Pattern::Expression(wanted) => wanted.is_match(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(text) => write!(formatter, "`{text}`"),
            Pattern::Expression(expression) => write!(formatter, "/{expression}/"),
        }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            None => Ok(Pattern::Exact(text)),
            Some(expression) => Regex::new(expression).map(Pattern::Expression).map_err(|error| {
                let problem = error.to_string();
                let problem = problem.lines().last().unwrap_or_default().trim_start_matches("error: ");
                D::Error::custom(format!("`{text}` is not a regular expression: {problem}"))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Pattern, String> {
        serde_json::from_value(serde_json::Value::from(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_compared_as_a_whole_and_an_expression_is_searched() {
        assert!(read("ask in #egress").unwrap().matches("ask in #egress"));
        assert!(!read("#egress").unwrap().matches("ask in #egress"));
        assert!(read("/#egr.ss$/").unwrap().matches("ask in #egress"));
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_refused() {
        assert!(read("/(/").unwrap_err().starts_with("`/(/` is not a regular expression: unclosed group"));
    }
}
