//! What a rule says of a place that breaks it. Knows no rule.

use std::fmt;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// The file, from the root of the repository.
    pub(super) path: String,
    /// The line, where one is to blame.
    pub(super) line: Option<usize>,
    /// What was found, and what to do instead.
    pub(super) message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.path, self.message),
            None => write!(formatter, "{}: {}", self.path, self.message),
        }
    }
}

impl Violation {
    pub(super) fn of_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }

    pub(super) fn of_line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), message: message.into() }
    }
}
