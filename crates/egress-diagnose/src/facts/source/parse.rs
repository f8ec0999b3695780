//! Parses the text of one document into objects.
//!
//! Reads YAML as kubectl does, whatever a document contains. Memory is bounded: the nodes of a document are counted
//! first. Does not know what objects mean.

use egress_core::tree::Tree;
use egress_core::yaml;
use serde::de::DeserializeSeed;

use super::documents::{Document, Syntax};
use super::tree::{ITEMS, Objects};

/// The most YAML characters that can start a node, in one document: 20 MB of manifests have that many.
const MAXIMUM_MARKS: usize = 3_000_000;

/// Why a document could not be read, and where in its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) column: Option<usize>,
    pub(super) message: String,
}

/// Calls a function with each object of a document, and whether it is an item of a List.
///
/// # Errors
/// The first error. The function got the objects before it.
pub(super) fn objects(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    if document.form == Syntax::Json { json(document, take) } else { yaml(document, take) }
}

fn yaml(document: &Document<'_>, mut take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    let marks = || document.text.bytes().filter(|byte| b"[]{},:\n".contains(byte)).count();
    if document.text.len() > MAXIMUM_MARKS && marks() > MAXIMUM_MARKS {
        let message =
            "the document is too large: split it at its objects, with `---` between them".to_owned();
        return Err(Problem { line: document.line, column: None, message });
    }
    let mut is_object = true;
    let outcome = yaml::values(document.text, ITEMS, |value, is_item| match value {
        // A document without content.
        Tree::Null if !is_item => {}
        Tree::Map(fields) if !is_item && fields.is_empty() => {}
        value if is_item || matches!(value, Tree::Map(_)) => take(value, is_item),
        _ => is_object = false,
    });
    outcome.map_err(|error| Problem {
        // For the parser, a text without a final newline ends on the next line.
        line: (document.line + error.line - 1).min(last_line(document)),
        column: Some(error.column),
        message: error.message,
    })?;
    if is_object {
        return Ok(());
    }
    let message = "expected an object with `apiVersion` and `kind`".to_owned();
    Err(Problem { line: document.line, column: None, message })
}

fn last_line(document: &Document<'_>) -> usize {
    document.line + document.text.matches(['\n', '\r']).count()
}

fn json(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(document.text);
    let outcome = Objects(take).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    outcome.map_err(|error| {
        let message = worded(&error.to_string());
        Problem { line: document.line + error.line().max(1) - 1, column: Some(error.column()), message }
    })
}

/// The parser's message, without the parser's own position.
fn worded(message: &str) -> String {
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::facts::source::documents;

    fn read(text: &str) -> (Vec<Value>, Vec<Problem>) {
        let mut found = Vec::new();
        let problems = documents(text)
            .iter()
            .filter_map(|document| objects(document, |object, _| found.push(Value::from(&object))).err())
            .collect();
        (found, problems)
    }

    #[test]
    fn a_broken_document_is_told_with_its_line_and_costs_no_other() {
        let (found, problems) = read("a: 1\n---\nb: [1,\nc: 2\n---\nd: 4\n");
        assert_eq!(found.len(), 2);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!((3..=5).contains(&problems[0].line), "{problems:?}");
        assert!(!problems[0].message.contains("at line 1"), "{problems:?}");
    }

    #[test]
    fn a_text_that_ends_within_a_line_is_broken_on_its_last_line() {
        let (_, problems) = read("a: 1\nb: [1]\n--y");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3], "{problems:?}");
    }

    #[test]
    fn a_field_that_is_there_twice_is_refused() {
        for text in ["a: 1\nb: 2\na: 3\n", "{\"a\": 1, \"a\": 2}", "x: &x 1\na: *x\na: 2\n"] {
            let (found, problems) = read(text);
            assert!(found.is_empty(), "{text:?}: {found:?}");
            assert_eq!(problems.len(), 1, "{text:?}");
        }
    }

    #[test]
    fn what_anchors_stand_for_is_read() {
        let (found, problems) = read("labels: &labels {a: b}\nselector: *labels\n");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(found[0]["selector"]["a"], "b");
    }

    /// Of the kind: the value of a scalar depends only on its own text.
    #[test]
    fn an_ampersand_elsewhere_changes_no_value() {
        for value in [
            "yes",
            "on",
            "y",
            "010",
            "1_000",
            "0o17",
            ".5",
            "443.0",
            "~",
            "Null",
            "2001-12-14",
            "1e3",
            "0x1F",
            "12:30",
        ] {
            let plain = read(&format!("a: {value}\n"));
            for text in [
                format!("# written by you & me\na: {value}\n"),
                format!("a: {value}\nb: 'this &that'\n"),
                format!("b: &c d\na: {value}\n"),
                format!("b: {{c: &c d}}\na: {value} # &c\n"),
            ] {
                let (found, problems) = read(&text);
                assert_eq!(problems, [], "{text}");
                assert_eq!(found[0]["a"], plain.0[0]["a"], "{text}");
            }
        }
    }

    #[test]
    fn a_word_is_the_truth_value_that_kubectl_takes_it_for() {
        let (found, _) = read("a: yes\nb: 'yes'\nc: off\nd: 010\non: 1\n");
        assert_eq!(found, [serde_json::json!({"a": true, "b": "yes", "c": false, "d": 8, "true": 1})]);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let level = |level: usize| {
            let below = if level == 0 { "x, ".to_owned() } else { format!("*a{}, ", level - 1) };
            format!("a{level}: &a{level} [{}]\n", below.repeat(9))
        };
        let (found, problems) = read(&(0..12).map(level).collect::<Vec<_>>().concat());
        assert!(found.is_empty());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn deep_nesting_is_refused_in_every_form() {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "- ".repeat(20_000)] {
            let (found, problems) = read(&text);
            assert!(found.is_empty());
            assert_eq!(problems.len(), 1);
        }
    }
}
