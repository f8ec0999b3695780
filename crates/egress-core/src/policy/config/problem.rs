//! What is wrong with a file, in words: the parser's errors become what was expected, what was found, and where.

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Location, Spanned};

use super::ConfigError;
use crate::host::printable;
use crate::policy::words::unknown;
use crate::text::is_hidden;

/// A problem with a value that was read.
pub(super) fn at<T>(found: &Spanned<T>, message: String) -> ConfigError {
    located(Some(found.referenced), message)
}

/// A problem that the parser found.
pub(super) fn problem(error: &Error) -> ConfigError {
    let location = error.location();
    let message = match error.without_snippet() {
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                "expected each value written out, found a YAML anchor or alias".to_owned()
            }
            BudgetBreach::Depth { .. } => "expected at most 32 levels, found deeper nesting".to_owned(),
            BudgetBreach::Documents { .. } => SEVERAL_DOCUMENTS.to_owned(),
            _ => "expected a file of reasonable size, found more".to_owned(),
        },
        Error::MultipleDocuments { .. } => SEVERAL_DOCUMENTS.to_owned(),
        Error::Eof { .. } => "expected a policy set, found an empty file".to_owned(),
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("expected {expected}, found {}", in_words(&printable(unexpected)))
        }
        Error::SerdeUnknownField { field, expected, .. } => unknown("field", field, expected),
        Error::NullIntoString { .. } => "expected a text, found nothing".to_owned(),
        Error::SerdeMissingField { field, .. } => format!("expected the field `{field}`, found none"),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("expected each field once, found `{}` again", printable(key))
        }
        Error::DuplicateMappingKey { key: None, .. } => {
            "expected each field once, found one again".to_owned()
        }
        Error::Unexpected { expected, .. } => {
            format!("expected {}, found something else", in_words(expected))
        }
        Error::Message { msg, .. } => without_location(msg),
        other => format!("expected YAML, found something else: {}", without_location(&other.to_string())),
    };
    located(location, message)
}

/// The parser's own words, of which the end says once more where.
fn without_location(message: &str) -> String {
    let words = message.split_once(" at line ").map_or(message, |(words, _)| words);
    words.chars().map(|character| if is_hidden(character) { ' ' } else { character }).collect()
}

/// The parser's words for what stands in a file.
fn in_words(kind: &str) -> &str {
    match kind {
        "string scalar" => "a text",
        "sequence" | "sequence start" => "a list",
        "map" | "mapping start" => "a map",
        "unit value" => "nothing",
        other => other,
    }
}

fn located(location: Option<Location>, message: String) -> ConfigError {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    let (line, column) =
        location.map_or((1, 1), |location| (place(location.line()), place(location.column())));
    ConfigError { line, column, message }
}

const SEVERAL_DOCUMENTS: &str = "expected one YAML document, found several";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_parser_have_no_hidden_characters() {
        for hidden in ('\0'..=char::MAX).filter(|character| is_hidden(*character)) {
            let words = without_location(&format!("a{hidden}b at line 1"));
            assert!(!words.contains(is_hidden), "{}", hidden.escape_unicode());
        }
    }
}
