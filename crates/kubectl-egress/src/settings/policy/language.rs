//! The language of a policy, and how to detect it in a project.

use std::path::Path;

use crate::cli;
use crate::exit::Failure;

/// A language for policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// JavaScript.
    JavaScript,
    /// Python.
    Python,
}

/// The files by which to detect the language of a project.
const MARKS: [(&str, Language); 3] = [
    ("Cargo.toml", Language::Rust),
    ("package.json", Language::JavaScript),
    ("requirements.txt", Language::Python),
];

impl Language {
    /// The language of the project in a directory. Refuses a directory that is not a project.
    pub fn of_project(directory: &Path) -> Result<Self, Failure> {
        let is_there = |name: &str| directory.join(name).is_file();
        let found = MARKS.into_iter().find(|(name, _)| is_there(name));
        found.map(|(_, language)| language).ok_or_else(|| {
            let [(rust, _), (javascript, _), (python, _)] = MARKS;
            Failure::usage(
                format!("`{}` has no {rust}, {javascript} or {python}", directory.display()),
                "make a project: `kubectl egress policy init NAME`",
            )
        })
    }
}

impl From<cli::policy::init::Language> for Language {
    fn from(typed: cli::policy::init::Language) -> Self {
        match typed {
            cli::policy::init::Language::Rust => Language::Rust,
            cli::policy::init::Language::JavaScript => Language::JavaScript,
            cli::policy::init::Language::Python => Language::Python,
        }
    }
}
