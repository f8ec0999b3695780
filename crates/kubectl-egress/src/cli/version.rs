//! `version`: what was typed.

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  kubectl egress version
  kubectl egress version -o json";

/// What was typed after `version`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Version {
    /// Output format: json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
