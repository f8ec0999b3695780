//! What `policy bench` is to do.

use egress_render::format::OutputFormat;

use super::of_user;
use super::run::Question;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// What `policy bench` is to do.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The module and the request.
    pub question: Question,
    /// How often.
    pub calls: u32,
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

impl Bench {
    /// Reads the files.
    pub fn resolve(typed: &cli::policy::bench::Bench) -> Result<Self, Failure> {
        Ok(Bench {
            question: Question::read(&typed.module, &typed.request, typed.settings.as_deref())?,
            calls: typed.calls,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: of_user()?,
        })
    }
}
