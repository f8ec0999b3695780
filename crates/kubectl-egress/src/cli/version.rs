//! `version`: what was typed.

use clap::Args;

/// The line in the list of commands.
pub const ABOUT: &str = "Print the version of this plugin";

const EXAMPLES: &str = "\
Examples:
  kubectl egress version
  kubectl egress version -o json";

/// What was typed after `version`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Version {
    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
