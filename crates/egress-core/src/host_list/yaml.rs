//! A list of hosts as YAML: a list, or a map with the list under `hosts`.
//!
//! An item is a host as it is typed, or a map of `host` and `ports`. Anchors have no use in such a list and are refused.

mod document;

use self::document::{HostDocument, Item};
use super::lines::without_comment;
use super::{HostEntry, HostListError, MAXIMUM_ENTRIES};
use crate::path::{Path, PathStep};
use crate::target::Target;
use crate::yaml::{self, YamlLimits};

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
pub(super) fn parse(text: &str) -> Result<Vec<HostEntry>, HostListError> {
    let limits = YamlLimits { depth: 8, copies: 0, nodes: 16 * MAXIMUM_ENTRIES };
    let HostDocument { field, items } = yaml::located(text, limits)
        .map_err(|error| HostListError::Yaml { line: error.line, problem: error.message })?;
    let path = |item: usize| Path(field.map(PathStep::from).into_iter().chain([item.into()]).collect());
    let paths: Vec<Path> = (0..items.len()).map(path).collect();
    let lines = yaml::places(text, &paths).into_iter().map(|place| place.value.line);
    items.into_iter().zip(lines).map(|(item, line)| entry(item, line)).collect()
}

fn entry(item: Item, line: usize) -> Result<HostEntry, HostListError> {
    let target = match item {
        Item::Typed(text) => text.parse(),
        Item::Ports(host, ports) => Target::with_ports(&host, &ports),
    };
    target.map(|target| HostEntry { line, target }).map_err(|error| HostListError::Target { line, error })
}
