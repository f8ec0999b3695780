//! What `policy build` is to do.

use std::path::PathBuf;

use egress_render::format::OutputFormat;

use super::language::Language;
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// What `policy build` is to do.
#[derive(Clone, Debug)]
pub struct Build {
    /// The project.
    pub directory: PathBuf,
    /// Its language.
    pub language: Language,
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

impl Build {
    /// Refuses a folder that is not a project.
    pub fn resolve(typed: cli::policy::build::Build) -> Result<Self, Failure> {
        let language = Language::of_project(&typed.directory)?;
        Ok(Build {
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            directory: typed.directory,
            language,
            policies: of_user()?,
        })
    }
}
