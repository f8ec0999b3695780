//! `policy init`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Write a new policy: a project that builds, with tests that pass";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Write a new policy: a project that builds, with tests that pass.

NAME is in lower case, with dashes between words. The project goes into a new directory of this name. It holds the policy \
(a catalogue of hosts), three tests, the interfaces it is written against, and a file for GitHub's CI. It needs Rust with \
the target wasm32-wasip2, and the network once, to fetch what it is built with.";

const EXAMPLES: &str = "\
Examples:
  # A policy in Rust, in the new directory acme-hosts
  kubectl egress policy init acme-hosts

  # Elsewhere, with a copy of kubectl-egress beside it
  kubectl egress policy init acme-hosts --directory policies/hosts --sdk-path ../kubectl-egress/crates/egress-policy-sdk";

/// What was typed after `policy init`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Init {
    /// The policy's name, such as acme-hosts
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The language of the project
    #[arg(long, value_name = "rust", default_value = "rust", hide_possible_values = true)]
    pub lang: Language,

    /// Directory of the project; NAME by default. It must be empty or missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Directory of the crate egress-policy-sdk; without it, cargo fetches the crate from its repository
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub sdk_path: Option<PathBuf>,
}

/// The languages that projects are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust.
    Rust,
}
