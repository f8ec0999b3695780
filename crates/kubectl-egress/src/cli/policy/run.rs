//! `policy run`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Ask a module about one request, and show its whole answer";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Ask a module about one request, and show its whole answer.

The request has the form of a test (`policy test --help`); missing fields have the defaults of `add`. The module is \
asked every question that it can answer, with its trace.";

const EXAMPLES: &str = "\
Examples:
  # request.yaml:
  #   destinations: [{host: api.stripe.com, port: 443}]
  #   namespace: payments
  kubectl egress policy run acme_hosts.wasm request.yaml --settings settings.yaml

  # The whole answer
  kubectl egress policy run acme_hosts.wasm request.yaml -o json

Exits with 4 if the policy denies a destination, with 9 if it could not decide.";

/// What was typed after `policy run`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Run {
    /// The module
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,

    /// YAML or JSON file with the request; - reads standard input
    #[arg(value_name = "REQUEST.yaml", value_hint = ValueHint::FilePath)]
    pub request: String,

    /// YAML or JSON file with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
