//! `policy bench`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Measure how fast a module answers";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Measure how fast a module answers.

Each call gets a new instance, as in all other commands. Times depend on the machine and its load; fuel does not.";

const EXAMPLES: &str = "\
Examples:
  kubectl egress policy bench acme_hosts.wasm request.yaml --calls 10000";

/// What was typed after `policy bench`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Bench {
    /// The module
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,

    /// YAML or JSON file with the request; - reads standard input
    #[arg(value_name = "REQUEST.yaml", value_hint = ValueHint::FilePath)]
    pub request: String,

    /// YAML or JSON file with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,

    /// How often to ask each question
    #[arg(long, value_name = "NUMBER", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub calls: u32,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
