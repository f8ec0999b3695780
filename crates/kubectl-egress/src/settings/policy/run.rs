//! What `policy run` is to do.

use egress_policy::request::Request;
use egress_render::format::OutputFormat;

use super::file::{self, ModuleFile};
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;
use egress_policy_test::request::RequestText;

/// What `policy run` is to do.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is asked of whom.
    pub question: Question,
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

/// What is asked of whom.
#[derive(Clone, Debug)]
pub struct Question {
    /// The module.
    pub module: ModuleFile,
    /// The request.
    pub request: Request,
    /// The settings, as canonical JSON.
    pub settings: String,
}

impl Run {
    /// Reads the files.
    pub fn resolve(typed: &cli::policy::run::Run) -> Result<Self, Failure> {
        let mut question = Question::read(&typed.module, &typed.request, typed.settings.as_deref())?;
        // A single question is asked with the reasons.
        question.request.explain = true;
        Ok(Run {
            question,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: of_user()?,
        })
    }
}

impl Question {
    /// Reads the files.
    pub fn read(module: &std::path::Path, request: &str, settings: Option<&str>) -> Result<Self, Failure> {
        let text: RequestText = file::document(request)?;
        let resolved = text.resolve(&std::collections::BTreeMap::new());
        Ok(Question {
            module: ModuleFile::read(module)?,
            request: resolved.map_err(|error| {
                Failure::usage(
                    format!("{request}: {error}"),
                    "fixtures work only in tests: write out the nodes",
                )
            })?,
            settings: file::settings(settings)?,
        })
    }
}
