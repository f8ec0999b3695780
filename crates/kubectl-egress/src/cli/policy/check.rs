//! `policy check`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Check that a module can be used, and that its settings are right";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Check that a module can be used, and that its settings are right.

The module is loaded within its limits, and asked who it is and whether it accepts the settings. The settings are \
also checked against the module's JSON Schema.";

const EXAMPLES: &str = "\
Examples:
  # A module by itself
  kubectl egress policy check acme_hosts.wasm

  # With its settings
  kubectl egress policy check acme_hosts.wasm --settings settings.yaml

Exits with 1 if something is wrong.";

/// What was typed after `policy check`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Check {
    /// The module
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,

    /// YAML or JSON file with the settings; - reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
