//! `guard`: what was typed.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::change::DryRun;
use crate::settings::duration;

/// The line in the list of commands.
pub const ABOUT: &str = "Make the API server refuse objects that take over another namespace's egress";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Make the API server refuse objects that take over another namespace's egress.

Namespaces share the gateway, and Istio accepts every namespace's objects: one can declare the upstream of another, \
or put routes before another's at the gateway. The guard is a set of ValidatingAdmissionPolicies. The API server \
applies them to kubectl and every other tool; there is no component to run. They check objects when they are \
written. They do not check traffic, or objects that already exist.

Guarded objects: hosts below .egress.internal, VirtualServices at the shared Gateway, Gateways for the gateway's \
pods, the label and annotations of this plugin, and endpoints not written by a Kubernetes controller.

To allow a single object, annotate it with kubectl-egress.github.io/bypass-guard: REASON. The annotation works only \
for users with the permission bypass on guards.kubectl-egress.github.io in the gateway's namespace, and never for a \
service account of another namespace.";

const EXAMPLES: &str = "\
Examples:
  # Show what would be written, and which existing objects would be refused
  kubectl egress guard plan

  # Warn users who break a rule, and write it to the audit log
  kubectl egress guard apply

  # Refuse such requests
  kubectl egress guard apply --deny

  # Is the guard complete?
  kubectl egress guard status

  # Remove the guard
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
    /// See [`GuardPlan`].
    #[command(about = PLAN, long_about = LONG_PLAN)]
    Plan(GuardPlan),
    /// See [`Apply`].
    #[command(about = APPLY, long_about = LONG_APPLY)]
    Apply(Apply),
    /// See [`GuardStatus`].
    #[command(about = STATUS, long_about = LONG_STATUS)]
    Status(GuardStatus),
    /// See [`Undo`].
    #[command(about = UNDO, long_about = LONG_UNDO)]
    Undo(Undo),
}

const PLAN: &str = "Show what guard apply would write, and which existing objects it would refuse";
const LONG_PLAN: &str = "\
Show what guard apply would write, and which existing objects it would refuse.

Nothing is written, and no policy is tried. Existing objects that break a rule keep working; the guard would refuse \
their next change. Exits with 3 if something would be written.";

const APPLY: &str = "Write the guard: warn at first, refuse with --deny";
const LONG_APPLY: &str = "\
Write the guard: warn at first, refuse with --deny.

Each policy is tried first: a copy of it is bound to objects with a trial label, and dry runs show that it warns of \
objects that break a rule, and not of objects that this plugin writes. Policies are written before their bindings, \
because a binding without its policy admits everything. After an interruption, run the same command again to \
continue.

Without flags, an existing guard keeps its gateways, its users, and its mode: warn or refuse.";

const STATUS: &str = "Show whether the guard is complete";
const LONG_STATUS: &str = "\
Show whether the guard is complete.

Each policy is compared with the one that this plugin would write now, and its binding is read. Exits with 1 if a \
policy is missing, changed, or not bound.";

const UNDO: &str = "Remove the guard";
const LONG_UNDO: &str = "\
Remove the guard.

Bindings are deleted before their policies. Leftovers of an interrupted trial are deleted too.";

const PLAN_EXAMPLES: &str = "\
Examples:
  # Show what would be written
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
  # Is the guard complete?
  kubectl egress guard status

  # For a pipeline
  kubectl egress guard status -o jsonpath='{.state}'";

const UNDO_EXAMPLES: &str = "\
Examples:
  # Remove the guard
  kubectl egress guard undo

  # Show what would be deleted
  kubectl egress guard undo --dry-run=server";

/// What is guarded, and how strictly.
#[derive(Args, Debug)]
pub struct Guarded {
    /// Services of the egress gateways to guard; may be repeated. Default: those of the existing guard, else the
    /// gateways that egresses use, else the only gateway
    #[arg(long = "gateway", value_name = "NAMESPACE/NAME")]
    pub gateways: Vec<String>,

    /// User that may write endpoints besides Kubernetes' own controllers, such as
    /// system:serviceaccount:databases:operator; may be repeated
    #[arg(long = "endpoint-writer", value_name = "USER")]
    pub endpoint_writers: Vec<String>,

    /// Refuse requests that break a rule, instead of a warning
    #[arg(long, conflicts_with = "warn")]
    pub deny: bool,

    /// Only warn, even if the guard refuses now
    #[arg(long)]
    pub warn: bool,
}

/// What was typed after `guard plan`.
#[derive(Args, Debug)]
#[command(after_long_help = PLAN_EXAMPLES)]
pub struct GuardPlan {
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
pub struct GuardStatus {
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
