//! `policy init`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Write a new policy: a project that builds, with tests that pass";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Write a new policy: a project that builds, with tests that pass.

NAME is in lower case, with dashes between words. The project goes into a new directory of this name. It holds the policy \
(a list of hosts), its tests, the interfaces it is written against, and a file for GitHub's CI. `policy build` and `policy \
test` are the same commands in every language.

rust: needs Rust with the target wasm32-wasip2. The project holds the source of the crate that it is written with; the rest \
comes from crates.io. A module has less than 60 KB.

javascript: needs Node.js with npm. A module has 12 MB, and its first answer takes half a minute.

python: needs Python with venv and pip. A module has 18 MB, and its first answer takes half a minute.";

const EXAMPLES: &str = "\
Examples:
  # A policy in Rust, in the new directory acme-hosts
  kubectl egress policy init acme-hosts

  # In JavaScript
  kubectl egress policy init acme-hosts --lang javascript

  # In Python, in another directory
  kubectl egress policy init acme-hosts --lang python --directory policies/hosts";

/// What was typed after `policy init`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Init {
    /// The policy's name, such as acme-hosts
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The language of the project: rust, javascript or python
    #[arg(long, value_name = "LANGUAGE", default_value = "rust", hide_possible_values = true)]
    pub lang: Language,

    /// Directory of the project; NAME by default. It must be empty or missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}

/// The languages that projects are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust.
    Rust,
    /// JavaScript.
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    /// Python.
    Python,
}
