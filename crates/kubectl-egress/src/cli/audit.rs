//! `audit`: what was typed.

use clap::Args;

use super::policies::Policies;

/// The line in the list of commands.
pub const ABOUT: &str =
    "Check existing egresses, made with this plugin or by hand, against the current policies";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Check existing egresses, made with this plugin or by hand, against the current policies.

Each egress is checked as if it were added now: its hosts, and the nodes of its gateway. The result lists what \
policies would deny, with the policy, its code and its message. Nothing is changed.

Only this plugin asks policies. Users who write objects with other tools are not stopped; an audit finds their \
objects.";

const EXAMPLES: &str = "\
Examples:
  # All namespaces
  kubectl egress audit -A

  # One namespace, for a pipeline
  kubectl egress audit -n shop -o json

  # Before you roll out a policy: which existing egresses would it deny?
  kubectl egress audit -A --policy new-rules.yaml

Exits with 1 if a policy would deny something, with 9 if one could not decide, with 8 if not everything could be \
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
