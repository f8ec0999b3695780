//! `audit`: what was typed.

use clap::Args;

use super::policies::Policies;

/// The line in the list of commands.
pub const ABOUT: &str =
    "Ask today's policies about the egresses that exist, made with this plugin or by hand";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Ask today's policies about the egresses that exist, made with this plugin or by hand.

Each egress is judged as if it were added now: its hosts, and the nodes that its gateway runs on. What policies would \
refuse is listed with the policy, its code and its words. Nothing is changed.

A policy is asked by whoever runs this plugin; who writes objects by other means is not stopped by it. An audit finds what \
they wrote.";

const EXAMPLES: &str = "\
Examples:
  # Everything there is
  kubectl egress audit -A

  # One namespace, for a pipeline
  kubectl egress audit -n shop -o json

  # Before a policy is rolled out: what would it refuse of what exists?
  kubectl egress audit -A --policy new-rules.yaml

Exits with 1 if a policy would refuse something, with 9 if one could not decide, with 8 if not everything could be \
read.";

/// What was typed after `audit`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Audit {
    /// If present, audit the egresses of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,

    /// Which policies are asked.
    #[command(flatten)]
    pub policies: Policies,
}
