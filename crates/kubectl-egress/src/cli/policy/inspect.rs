//! `policy inspect`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Show the digest, interfaces, needs and rules of a module";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Show the digest, interfaces, needs and rules of a module.

The module is asked only who it is, within its limits.";

const EXAMPLES: &str = "\
Examples:
  kubectl egress policy inspect acme_hosts.wasm

  # The digest, for a lock file or a review
  kubectl egress policy inspect acme_hosts.wasm -o jsonpath='{.digest}'";

/// What was typed after `policy inspect`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Inspect {
    /// The module
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
