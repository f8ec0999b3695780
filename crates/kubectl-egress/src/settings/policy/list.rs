//! What `policy list` is to do.

use egress_render::format::OutputFormat;

use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// What `policy list` is to do.
#[derive(Clone, Debug)]
pub struct List {
    /// The format of the answer; `None`: a table.
    pub output: Option<OutputFormat>,
    /// The folders of policies.
    pub policies: PolicySettings,
}

impl List {
    /// Reads `-o`.
    pub fn resolve(typed: &cli::policy::list::List) -> Result<Self, Failure> {
        Ok(List {
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: of_user()?,
        })
    }
}
