//! What `version` is to do.

use egress_render::format::OutputFormat;

use super::output;
use crate::cli;
use crate::exit::Failure;

/// What `version` is to do.
#[derive(Clone, Debug)]
pub struct Version {
    /// The format of the answer; `None`: one line for people.
    pub output: Option<OutputFormat>,
}

impl Version {
    /// Reads `-o`.
    pub fn resolve(typed: &cli::version::Version) -> Result<Self, Failure> {
        Ok(Version { output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)? })
    }
}
