//! `egress-policy.lock`: which bytes a configuration meant when somebody looked at them.
//!
//! Knows the file and what a difference means. Knows nothing of where bytes come from.

mod check;
mod text;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::check::{LockError, check};

/// The version of the file.
pub const VERSION: u32 = 1;

/// One lock file, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// One for each policy that is a module.
    pub entries: Vec<LockEntry>,
}

/// One module as it was when it was locked, or as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockEntry {
    /// The policy's name in the configuration.
    pub name: String,
    /// Its source, as the configuration has it.
    pub source: String,
    /// `sha256:…` of the manifest, for `oci://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// `sha256:…` of the module's bytes.
    pub module: String,
    /// How many bytes.
    pub size: u64,
    /// The interfaces it exports, such as `hosts@0.1`.
    pub api: Vec<String>,
    /// What it imports, such as `log@0.1`.
    pub imports: Vec<String>,
    /// What it wants to be told.
    pub needs: Vec<String>,
    /// What it calls itself.
    pub id: String,
    /// The version it reports.
    pub version_reported: String,
}

/// Why a text is not a lock file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column}: {message}")]
pub struct LockTextError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl Lock {
    /// The entry of a policy.
    pub fn entry(&self, name: &str) -> Option<&LockEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Reads a lock file.
    ///
    /// # Errors
    /// [`LockTextError`] points at what is wrong.
    pub fn parse(text: &str) -> Result<Lock, LockTextError> {
        text::parse(text)
    }

    /// The lock file. The same entries are the same bytes, in whatever order they come.
    ///
    /// # Errors
    /// [`LockTextError`] when an entry has a number that the format cannot hold.
    pub fn to_text(&self) -> Result<String, LockTextError> {
        text::write(self)
    }
}
