//! A list of hosts as YAML: a list, or a map with the list under `hosts`.
//!
//! An item is a host as it is typed, or a map of `host` and `ports`. Anchors, tags and deep nesting have no use in such a
//! list, so the parser's budget refuses them before anything is expanded.

mod document;

use serde_saphyr::Spanned;
use serde_saphyr::budget::BudgetBreach;

use self::document::{Document, Item};
use super::lines::without_comment;
use super::{Entry, HostListError, MAXIMUM_BYTES, MAXIMUM_ENTRIES};
use crate::host::printable;
use crate::target::Target;

/// Whether a text is meant as YAML: its first line starts as no host can.
pub(super) fn is_yaml(text: &str) -> bool {
    let first =
        text.lines().map(|line| without_comment(line).trim_end()).find(|line| !line.trim().is_empty());
    let start = first.unwrap_or_default().trim_start();
    start == "-"
        || start.starts_with(['[', '{', '%'])
        || ["- ", "---"].iter().any(|mark| start.starts_with(mark))
        || starts_with_key(start)
}

/// `hosts:`, or any other key, so that a manifest is answered as the YAML that it is.
fn starts_with_key(line: &str) -> bool {
    let key = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    line.split_once(':').is_some_and(|(word, rest)| key(word) && ends(rest))
}

/// Reads the YAML form.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, HostListError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_depth: 8,
            flow_nesting_limit: 8,
            max_events: 16 * MAXIMUM_ENTRIES,
            max_nodes: 16 * MAXIMUM_ENTRIES,
            max_total_scalar_bytes: MAXIMUM_BYTES,
        },
        emit_comments: false,
        with_snippet: false,
    };
    let document: Document =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error))?;
    document.0.into_iter().map(entry).collect()
}

fn entry(item: Spanned<Item>) -> Result<Entry, HostListError> {
    let line = usize::try_from(item.referenced.line()).unwrap_or(usize::MAX);
    let target = match item.value {
        Item::Typed(text) => text.parse(),
        Item::Ports(host, ports) => Target::with_ports(&host, &ports),
    };
    target.map(|target| Entry { line, target }).map_err(|error| HostListError::Target { line, error })
}

fn problem(error: &serde_saphyr::Error) -> HostListError {
    let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(usize::MAX));
    let problem = match error.without_snippet() {
        serde_saphyr::Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                "expected each host written out, found a YAML anchor or alias".to_owned()
            }
            BudgetBreach::Depth { .. } => "expected a list of hosts, found deeper nesting".to_owned(),
            BudgetBreach::Documents { .. } => SEVERAL_DOCUMENTS.to_owned(),
            _ => return HostListError::TooMany,
        },
        serde_saphyr::Error::MultipleDocuments { .. } => SEVERAL_DOCUMENTS.to_owned(),
        serde_saphyr::Error::SerdeInvalidType { unexpected, expected, .. } => {
            format!("expected {expected}, found {}", printable(unexpected))
        }
        serde_saphyr::Error::Message { msg, .. } => printable(msg),
        other => format!("expected YAML, found something else: {}", printable(&other.to_string())),
    };
    HostListError::Yaml { line, problem }
}

const SEVERAL_DOCUMENTS: &str = "expected one YAML document, found several";
