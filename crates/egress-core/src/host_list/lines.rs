//! A list of hosts with one host a line.
//!
//! Knows comments and blank lines; what a host is, it leaves to [`Target`](crate::target::Target).

use super::{HostEntry, HostListError};

/// Reads one host a line. `#` starts a comment at the start of a line or after a blank: URLs hold `#` as well.
pub(super) fn parse(text: &str) -> Result<Vec<HostEntry>, HostListError> {
    let mut entries = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let host = without_comment(line).trim();
        if !host.is_empty() {
            let target = host.parse().map_err(|error| HostListError::Target { line: number, error })?;
            entries.push(HostEntry { line: number, target });
        }
    }
    Ok(entries)
}

pub(super) fn without_comment(line: &str) -> &str {
    let starts =
        |(position, _): &(usize, &str)| line[..*position].chars().next_back().is_none_or(char::is_whitespace);
    match line.match_indices('#').find(starts) {
        Some((position, _)) => &line[..position],
        None => line,
    }
}
