//! What `version` is to do.

use super::output;
use crate::cli;
use crate::exit::Failure;

/// The format in which `version` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One line.
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Version {
    /// Reads `-o`.
    pub fn resolve(typed: &cli::version::Version) -> Result<Self, Failure> {
        match typed.output.as_deref() {
            None => Ok(Version::Text),
            Some("json") => Ok(Version::Json),
            Some("yaml") => Ok(Version::Yaml),
            Some(other) => Err(output::unknown(other, "json,yaml")),
        }
    }
}
