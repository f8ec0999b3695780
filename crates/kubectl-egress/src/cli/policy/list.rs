//! `policy list`: what was typed.

use clap::Args;

/// The line in the list of commands.
pub const ABOUT: &str = "Show which policies are configured here, and whether they are locked";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Show which policies are configured here, and whether they are locked.

Reads the files of the repository and of the user; no module is fetched or run, and no cluster is asked.";

const EXAMPLES: &str = "\
Examples:
  kubectl egress policy list

  # Digests, for a review
  kubectl egress policy list -o json

STATE is locked, unlocked (type `kubectl egress policy lock`), moved (locked with another source) or built-in.";

/// What was typed after `policy list`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct List {
    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
