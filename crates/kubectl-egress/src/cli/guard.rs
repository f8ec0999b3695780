//! `guard`: what was typed.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::change::DryRun;
use crate::settings::duration;

/// The line in the list of commands.
pub const ABOUT: &str = "Let the API server refuse what would get between a namespace and its gateway";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Let the API server refuse what would get between a namespace and its egress gateway.

Namespaces share the gateway, and Istio believes what any of them writes: one can declare the upstream of another, or put \
routes before another's at the gateway. The guard is a set of ValidatingAdmissionPolicies that the API server itself \
holds, for kubectl and every other tool; there is no component to run. It judges objects that are written, not traffic, \
and nothing that exists already.

What is guarded: hosts below .egress.internal, VirtualServices at the shared Gateway, Gateways for the pods of the gateway, \
the label and annotations of this plugin, and endpoints that no controller of Kubernetes wrote.

The gateway's owner lets a single object through with the annotation kubectl-egress.github.io/bypass-guard: REASON; it \
counts for users with the right bypass on guards.kubectl-egress.github.io in the gateway's namespace, and for no service \
account of another namespace.";

const EXAMPLES: &str = "\
Examples:
  # What would be written, and which objects that exist would be refused
  kubectl egress guard plan

  # Warn who breaks a rule, and note it in the audit log
  kubectl egress guard apply

  # Refuse it
  kubectl egress guard apply --deny

  # Does it stand?
  kubectl egress guard status

  # Take it away
  kubectl egress guard undo";

/// What was typed after `guard`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES, subcommand_value_name = "COMMAND")]
pub struct Guard {
    /// Which command.
    #[command(subcommand)]
    pub command: Option<GuardCommand>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum GuardCommand {
    /// See [`Plan`].
    #[command(about = PLAN, long_about = LONG_PLAN)]
    Plan(Plan),
    /// See [`Apply`].
    #[command(about = APPLY, long_about = LONG_APPLY)]
    Apply(Apply),
    /// See [`Status`].
    #[command(about = STATUS, long_about = LONG_STATUS)]
    Status(Status),
    /// See [`Undo`].
    #[command(about = UNDO, long_about = LONG_UNDO)]
    Undo(Undo),
}

const PLAN: &str = "Show what guard apply would write, and what exists that it would refuse";
const LONG_PLAN: &str = "\
Show what guard apply would write, and what exists that it would refuse.

Nothing is written and nothing is tried. What exists already and breaks a rule goes on to work; the guard would refuse its \
next change. Exits with 3 if something would be written.";

const APPLY: &str = "Write the guard: warn at first, refuse with --deny";
const LONG_APPLY: &str = "\
Write the guard: warn at first, refuse with --deny.

Each policy is tried before it judges anybody: a copy of it is bound to objects with a label of the trial, and dry runs \
show that it warns of what breaks a rule and of nothing that this plugin writes. Then policies are written before their \
bindings, since a binding without its policy lets everything through. After an interruption the same command goes on.

Without flags the gateways and users of the guard that exists are kept, and it goes on to warn or to refuse as it did.";

const STATUS: &str = "Say whether the guard stands";
const LONG_STATUS: &str = "\
Say whether the guard stands.

Each policy is compared with what this plugin would write today, and its binding is looked at. Exits with 1 if a policy is \
missing, changed, or not bound.";

const UNDO: &str = "Take the guard away";
const LONG_UNDO: &str = "\
Take the guard away.

Bindings are deleted before their policies, and so is what an interrupted trial left.";

const PLAN_EXAMPLES: &str = "\
Examples:
  # What would be written
  kubectl egress guard plan

  # The objects, for a repository
  kubectl egress guard plan --deny -o yaml";

const APPLY_EXAMPLES: &str = "\
Examples:
  # Warn at first
  kubectl egress guard apply

  # Two gateways, and an operator that writes endpoints
  kubectl egress guard apply --gateway istio-system/istio-egressgateway --gateway edge/egress \\
    --endpoint-writer system:serviceaccount:databases:operator

  # Refuse, in a pipeline
  kubectl egress guard apply --deny -y";

const STATUS_EXAMPLES: &str = "\
Examples:
  # Does it stand?
  kubectl egress guard status

  # For a pipeline
  kubectl egress guard status -o jsonpath='{.state}'";

const UNDO_EXAMPLES: &str = "\
Examples:
  # Take it away
  kubectl egress guard undo

  # What would be deleted
  kubectl egress guard undo --dry-run=server";

/// What is guarded, and how strictly.
#[derive(Args, Debug)]
pub struct Guarded {
    /// Services of the egress gateways to guard; may be given several times. Those of the guard that exists, else the
    /// gateways that egresses use, else the only one there is
    #[arg(long = "gateway", value_name = "NAMESPACE/NAME")]
    pub gateways: Vec<String>,

    /// User that may write endpoints besides the controllers of Kubernetes, such as
    /// system:serviceaccount:databases:operator; may be given several times
    #[arg(long = "endpoint-writer", value_name = "USER")]
    pub endpoint_writers: Vec<String>,

    /// Refuse what breaks a rule, instead of a warning
    #[arg(long, conflicts_with = "warn")]
    pub deny: bool,

    /// Warn only, also where the guard refuses today
    #[arg(long)]
    pub warn: bool,
}

/// What was typed after `guard plan`.
#[derive(Args, Debug)]
#[command(after_long_help = PLAN_EXAMPLES)]
pub struct Plan {
    /// What is guarded.
    #[command(flatten)]
    pub guarded: Guarded,

    /// Output format: json, yaml, name or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}

/// What was typed after `guard apply`.
#[derive(Args, Debug)]
#[command(after_long_help = APPLY_EXAMPLES)]
pub struct Apply {
    /// What is guarded.
    #[command(flatten)]
    pub guarded: Guarded,

    /// For real or not.
    #[command(flatten)]
    pub writing: Writing,

    /// The length of time to wait until the API server knows a policy, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub timeout: Duration,
}

/// What was typed after `guard status`.
#[derive(Args, Debug)]
#[command(after_long_help = STATUS_EXAMPLES)]
pub struct Status {
    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}

/// What was typed after `guard undo`.
#[derive(Args, Debug)]
#[command(after_long_help = UNDO_EXAMPLES)]
pub struct Undo {
    /// For real or not.
    #[command(flatten)]
    pub writing: Writing,
}

/// For real or not, and what is printed.
#[derive(Args, Debug)]
pub struct Writing {
    /// Must be "none", "server", or "client". client: only print what would be written.
    /// server: submit the requests without persisting anything
    #[arg(long, value_name = "none|client|server", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "none", default_missing_value = "(bare)")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub dry_run: DryRun,

    /// Output format: json, yaml, name or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,

    /// Do not ask before changing the cluster
    #[arg(short, long)]
    pub yes: bool,
}
