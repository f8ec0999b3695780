//! What a diagnosis tells, and how, as typed.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use egress_diagnose::finding::Level;

/// What is told, and what counts as a failure.
#[derive(Args, Clone, Debug)]
pub struct Reporting {
    /// Output format: json, junit, sarif, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,

    /// Lowest level at which a finding counts as a failure
    #[arg(long, value_name = "error|warning|info", default_value = "error", value_parser = level())]
    #[arg(hide_possible_values = true)]
    pub fail_on: Level,

    /// Checks to skip, such as EG012,EG014
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Run only these checks
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Show only the number of findings of each kind in each namespace
    #[arg(long, conflicts_with_all = ["output", "watch", "bypass"])]
    pub summary: bool,

    /// Show the pods that can bypass the gateway, and why
    #[arg(long, conflicts_with_all = ["watch", "skip", "only"])]
    pub bypass: bool,

    /// Keep running, and print each change on a line, until Ctrl-C
    #[arg(long, conflicts_with = "output")]
    pub watch: bool,

    /// Explain a check, or list all checks, and exit
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "")]
    #[arg(conflicts_with_all = ["hosts", "output", "skip", "only", "summary", "path", "bypass", "watch"])]
    pub explain: Option<String>,
}

fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["error", "warning", "info"]).map(|word| match word.as_str() {
        "info" => Level::Info,
        "warning" => Level::Warning,
        _ => Level::Error,
    })
}
