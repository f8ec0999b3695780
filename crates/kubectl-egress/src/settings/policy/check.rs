//! What `policy check` is to do.

use egress_render::format::OutputFormat;

use super::file::{self, ModuleFile};
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// What `policy check` is to do.
#[derive(Clone, Debug)]
pub struct Check {
    /// The module.
    pub module: ModuleFile,
    /// The settings to check, as canonical JSON; `None`: none were given.
    pub settings: Option<String>,
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

impl Check {
    /// Reads the files.
    pub fn resolve(typed: &cli::policy::check::Check) -> Result<Self, Failure> {
        let settings = typed.settings.as_deref();
        Ok(Check {
            module: ModuleFile::read(&typed.module)?,
            settings: settings.map(|name| file::settings(Some(name))).transpose()?,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: of_user()?,
        })
    }
}
