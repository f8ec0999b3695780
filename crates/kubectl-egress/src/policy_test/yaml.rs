//! Reads YAML that people write, so that every mistake is told with its line and column.
//!
//! Knows the notation and its limits. What the text means is in the types that are read.

use egress_render::escape::escape;
use serde::de::DeserializeOwned;
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;
use thiserror::Error as ThisError;

/// Why a text was not read.
#[derive(Clone, Debug, ThisError, PartialEq, Eq)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// The first line is 1.
    pub line: u64,
    /// The first column is 1.
    pub column: u64,
    /// What was expected and what was found.
    pub message: String,
}

/// Reads one document.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_documents: 1, max_depth: 32, flow_nesting_limit: 32 },
        emit_comments: false,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refused(&error))
}

fn refused(error: &Error) -> YamlError {
    let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    let message = match error.without_snippet() {
        Error::Message { msg, .. } => escape(msg).into_owned(),
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("expected {expected}, found {}", escape(unexpected))
        }
        Error::SerdeUnknownField { field, expected, .. } => unknown(field, expected),
        Error::SerdeUnknownVariant { variant, expected, .. } => unknown(variant, expected),
        Error::SerdeMissingField { field, .. } => format!("expected the key `{field}`, found none"),
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            "expected one YAML document, found several".to_owned()
        }
        Error::Budget { .. } => "expected a smaller or flatter document".to_owned(),
        other => escape(&other.to_string()).into_owned(),
    };
    YamlError { line, column, message }
}

fn unknown(found: &str, expected: &[&str]) -> String {
    let expected: Vec<String> = expected.iter().map(|word| format!("`{word}`")).collect();
    format!("expected {}, found `{}`", expected.join(", "), escape(found))
}
