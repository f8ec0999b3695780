//! What may stand behind `-o`, in kubectl's words.
//!
//! Parses only. Which formats a command offers is its own choice; what a format looks like is in the other modules.

use thiserror::Error;

use crate::escape::escape;
use crate::jsonpath::{Template, TemplateError};

/// An output format.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputFormat {
    /// `json`
    Json,
    /// `yaml`
    Yaml,
    /// `name`
    Name,
    /// `wide`
    Wide,
    /// `jsonpath=TEMPLATE`
    JsonPath(Template),
}

/// Why a text behind `-o` was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// A format that does not exist, or not for this command.
    #[error(
        "unable to match a printer suitable for the output format \"{found}\", allowed formats are: {allowed}"
    )]
    Unknown {
        /// What was typed, with control characters escaped.
        found: String,
        /// The formats of this command.
        allowed: String,
    },
    /// `jsonpath` without a template.
    #[error("template format specified but no template given; expected `jsonpath=TEMPLATE`")]
    NoTemplate,
    /// A template that cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl OutputFormat {
    /// The formats of a list of things.
    pub const OF_LISTS: &'static [&'static str] = &["json", "jsonpath", "name", "wide", "yaml"];
    /// The formats of a change to objects.
    pub const OF_CHANGES: &'static [&'static str] = &["json", "jsonpath", "name", "yaml"];
    /// The formats of a report.
    pub const OF_REPORTS: &'static [&'static str] = &["json", "jsonpath", "yaml"];

    /// Reads what stands behind `-o`; `allowed` is one of the lists above.
    ///
    /// # Errors
    /// [`FormatError`] in kubectl's words.
    pub fn parse(text: &str, allowed: &[&str]) -> Result<Self, FormatError> {
        let (word, template) = match text.split_once('=') {
            Some((word, template)) => (word, Some(template)),
            None => (text, None),
        };
        let unknown =
            || FormatError::Unknown { found: escape(text).into_owned(), allowed: allowed.join(",") };
        if !allowed.contains(&word) {
            return Err(unknown());
        }
        match (word, template) {
            ("json", None) => Ok(OutputFormat::Json),
            ("yaml", None) => Ok(OutputFormat::Yaml),
            ("name", None) => Ok(OutputFormat::Name),
            ("wide", None) => Ok(OutputFormat::Wide),
            ("jsonpath", None | Some("")) => Err(FormatError::NoTemplate),
            ("jsonpath", Some(template)) => Ok(OutputFormat::JsonPath(Template::parse(template)?)),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, allowed: &[&str]) -> String {
        OutputFormat::parse(text, allowed).unwrap_err().to_string()
    }

    #[test]
    fn the_formats_of_kubectl_are_known() {
        for (text, expect) in [
            ("json", OutputFormat::Json),
            ("yaml", OutputFormat::Yaml),
            ("name", OutputFormat::Name),
            ("wide", OutputFormat::Wide),
        ] {
            assert_eq!(OutputFormat::parse(text, OutputFormat::OF_LISTS), Ok(expect));
        }
        let template = OutputFormat::parse("jsonpath={.items[0].host}", OutputFormat::OF_LISTS);
        assert!(matches!(template, Ok(OutputFormat::JsonPath(_))));
    }

    #[test]
    fn an_unknown_format_is_refused_in_the_words_of_kubectl() {
        assert_eq!(
            refusal("xml", OutputFormat::OF_CHANGES),
            "unable to match a printer suitable for the output format \"xml\", \
             allowed formats are: json,jsonpath,name,yaml"
        );
    }

    #[test]
    fn a_format_of_another_command_is_refused() {
        assert!(refusal("wide", OutputFormat::OF_CHANGES).starts_with("unable to match"));
        assert!(refusal("JSON", OutputFormat::OF_LISTS).starts_with("unable to match"));
        assert!(refusal("json=x", OutputFormat::OF_LISTS).starts_with("unable to match"));
    }

    #[test]
    fn jsonpath_needs_a_template_that_can_be_read() {
        assert!(refusal("jsonpath", OutputFormat::OF_LISTS).starts_with("template format specified"));
        assert!(refusal("jsonpath=", OutputFormat::OF_LISTS).starts_with("template format specified"));
        assert!(refusal("jsonpath={.a", OutputFormat::OF_LISTS).contains("character"));
    }
}
