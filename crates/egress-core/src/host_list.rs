//! Many hosts in one text: one a line, or YAML.
//!
//! Knows the two forms and their limits, and on which line an entry stands. Reads no file.

mod lines;
mod yaml;

use thiserror::Error;

use crate::target::{Target, TargetError};

/// The longest text that is read, in bytes.
pub const MAXIMUM_BYTES: usize = 10 * 1024 * 1024;
/// The longest line that is read, in bytes.
pub const MAXIMUM_LINE: usize = 4 * 1024;
/// The most entries that one text may have.
pub const MAXIMUM_ENTRIES: usize = 100_000;

/// One host of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Where it stands; the first line is 1.
    pub line: usize,
    /// What it says.
    pub target: Target,
}

/// Why a text is no list of hosts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostListError {
    /// An entry is no host.
    #[error("line {line}: {error}")]
    Target {
        /// Where.
        line: usize,
        /// What is wrong with it.
        error: TargetError,
    },
    /// The YAML is broken, or has another form than a list of hosts.
    #[error("line {line}: {problem}")]
    Yaml {
        /// Where.
        line: usize,
        /// What was expected and what was found.
        problem: String,
    },
    /// Not text.
    #[error("expected UTF-8 text, found other bytes on line {line}")]
    NotText {
        /// Where the first such byte stands.
        line: usize,
    },
    /// A line that no host can fill.
    #[error("line {line} has {length} bytes; expected at most {MAXIMUM_LINE}")]
    LineTooLong {
        /// Where.
        line: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// A text that is too long to be a list of hosts.
    #[error("expected at most {MAXIMUM_BYTES} bytes, found more")]
    TooLong,
    /// More entries than are carried at once.
    #[error("expected at most {MAXIMUM_ENTRIES} hosts, found more")]
    TooMany,
    /// Nothing but comments and blank lines.
    #[error("expected at least one host, found none")]
    Empty,
}

/// Reads a list of hosts: one a line with `#` comments, or a YAML list.
///
/// # Errors
/// [`HostListError`] says on which line what was expected and what was found. The first error ends the reading.
pub fn parse(text: &[u8]) -> Result<Vec<HostEntry>, HostListError> {
    if text.len() > MAXIMUM_BYTES {
        return Err(HostListError::TooLong);
    }
    let text = decode(text)?;
    let long = text.lines().zip(1..).find(|(line, _)| line.len() > MAXIMUM_LINE);
    if let Some((line, number)) = long {
        return Err(HostListError::LineTooLong { line: number, length: line.len() });
    }
    let entries = if yaml::is_yaml(text) { yaml::parse(text)? } else { lines::parse(text)? };
    match entries.len() {
        0 => Err(HostListError::Empty),
        many if many > MAXIMUM_ENTRIES => Err(HostListError::TooMany),
        _ => Ok(entries),
    }
}

/// Reads UTF-8, with or without the mark that Windows puts in front. A zero byte means a binary file or UTF-16.
fn decode(bytes: &[u8]) -> Result<&str, HostListError> {
    let line_of = |offset: usize| bytes[..offset].split(|byte| *byte == b'\n').count();
    let text = std::str::from_utf8(bytes)
        .map_err(|error| HostListError::NotText { line: line_of(error.valid_up_to()) })?;
    match text.bytes().position(|byte| byte == 0) {
        Some(zero) => Err(HostListError::NotText { line: line_of(zero) }),
        None => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests;
