//! The text of one document as objects.
//!
//! Bounded in memory: a parser keeps some hundred bytes for every node, so the nodes of a document are counted before, and
//! what anchors come to is counted while they are followed. Knows nothing of what objects mean.

use egress_core::tree::Tree;
use serde::de::DeserializeSeed;

use super::documents::{Document, Form, has_anchor};
use super::tree::{Objects, hand_out};

/// Characters of YAML that may each begin a node, in one document: what 20 MB of manifests have.
const MAXIMUM_MARKS: usize = 3_000_000;

/// How deep `[` and `{` may be open: a parser of YAML looks at all that are open for every next one.
const MAXIMUM_OPEN: usize = 10_000;

/// Why a document could not be read, and where in its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) column: Option<usize>,
    pub(super) message: String,
}

/// Hands the objects of a document to a function, with whether each is an item of a List.
///
/// # Errors
/// The first thing that is wrong. The objects before it were handed out.
pub(super) fn objects(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    match document.form {
        Form::Json => json(document, take),
        Form::Yaml | Form::Item if is_too_deep(document.text) => {
            let message = "it is nested too deeply".to_owned();
            Err(Problem { line: document.line, column: None, message })
        }
        Form::Yaml if has_anchor(document.text) => with_anchors(document, take),
        Form::Yaml | Form::Item => yaml(document, take),
    }
}

/// Those in texts and comments are counted as well: nothing that anybody wrote has so many.
fn is_too_deep(text: &str) -> bool {
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAXIMUM_OPEN
    })
}

fn yaml(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    let marks = document.text.bytes().filter(|byte| b"[]{},:\n".contains(byte)).count();
    if marks > MAXIMUM_MARKS {
        let message =
            "the document is too large: split it at its objects, with `---` between them".to_owned();
        return Err(Problem { line: document.line, column: None, message });
    }
    let outcome = Objects(take).deserialize(serde_yaml::Deserializer::from_str(document.text));
    outcome.map_err(|error| {
        let at = error.location();
        let message = worded(&error.to_string(), document.line);
        // A text that ends within a line ends on the next one for the parser.
        let last = document.line + document.text.matches(['\n', '\r']).count();
        Problem {
            line: at.as_ref().map_or(document.line, |at| (document.line + at.line() - 1).min(last)),
            column: at.map(|at| at.column()),
            message,
        }
    })
}

fn json(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(document.text);
    let outcome = Objects(take).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    outcome.map_err(|error| {
        let message = worded(&error.to_string(), document.line);
        Problem { line: document.line + error.line().max(1) - 1, column: Some(error.column()), message }
    })
}

/// With a parser that counts what aliases come to.
fn with_anchors(document: &Document<'_>, take: impl FnMut(Tree<'_>, bool)) -> Result<(), Problem> {
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        emit_comments: false,
        with_snippet: false,
    };
    let tree: Tree<'_> = serde_saphyr::from_str_with_options(document.text, options).map_err(|error| {
        let at = error.location();
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Problem {
            line: at.as_ref().map_or(document.line, |at| document.line + number(at.line()).max(1) - 1),
            column: at.map(|at| number(at.column())),
            message: anchored(&error, document.line),
        }
    })?;
    hand_out(tree, take).map_err(|message| Problem { line: document.line, column: None, message })
}

/// What is wrong with a document that has anchors.
fn anchored(error: &serde_saphyr::Error, first_line: usize) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::AliasError { error, .. } => anchored(error, first_line),
        serde_saphyr::Error::Budget { .. } => "its anchors and aliases expand to too much".to_owned(),
        other => worded(&other.to_string(), first_line),
    }
}

/// What a parser says, without its own place, and with the lines of the file in the rest of it.
fn worded(message: &str, first_line: usize) -> String {
    let mut parts = message.lines().next().unwrap_or_default().split(" at line ");
    let mut worded = parts.next().unwrap_or_default().to_owned();
    for (number, part) in parts.enumerate() {
        let digits = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
        let (line, rest) = part.split_at(digits);
        if number == 0 {
            // The place itself, which is told apart from the message.
            let rest = rest.trim_start_matches(" column ");
            worded.push_str(rest.trim_start_matches(|character: char| character.is_ascii_digit()));
        } else if let Ok(line) = line.parse::<usize>() {
            worded.extend([" at line ", &(first_line + line - 1).to_string(), rest]);
        }
    }
    worded
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::source::documents;

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
