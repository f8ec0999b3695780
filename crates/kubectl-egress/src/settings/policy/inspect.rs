//! What `policy inspect` is to do.

use egress_render::format::OutputFormat;

use super::file::ModuleFile;
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// What `policy inspect` is to do.
#[derive(Clone, Debug)]
pub struct Inspect {
    /// The module.
    pub module: ModuleFile,
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

impl Inspect {
    /// Reads the module.
    pub fn resolve(typed: &cli::policy::inspect::Inspect) -> Result<Self, Failure> {
        Ok(Inspect {
            module: ModuleFile::read(&typed.module)?,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: of_user()?,
        })
    }
}
