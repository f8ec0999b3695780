//! `remove`: what was typed.

use clap::{Args, ValueHint};

use super::change::Change;
use super::policies::Policies;

/// The line in the list of commands.
pub const ABOUT: &str = "Stop letting the pods of a namespace call hosts";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Stop letting the pods of a namespace call hosts.

The objects of a host are deleted in the reverse order of their creation, and the proxies are asked after each \
step. Objects that this plugin did not make are refused, unless --force is given. The gateway's two shared objects \
stay, unless they are unused and --prune is given.

Policies that check removals are asked, such as a freeze of all changes.

Two namespaces with the same TLS host share one filter chain at the gateway. When the older egress is removed, \
long-lived connections of the other are drained.";

const EXAMPLES: &str = "\
Examples:
  # One host of namespace shop
  kubectl egress remove edition.cnn.com -n shop

  # Everything of namespace shop, without a question
  kubectl egress remove --all -n shop -y

  # What would be deleted
  kubectl egress remove edition.cnn.com -n shop --dry-run=server";

/// What was typed after `remove`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Remove {
    /// Hosts to remove, with all their ports
    #[arg(value_name = "HOST")]
    pub hosts: Vec<String>,

    /// File with hosts, one per line or as YAML; - reads standard input
    #[arg(short, long = "filename", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub filenames: Vec<String>,

    /// Remove every host of the namespace
    #[arg(long)]
    pub all: bool,

    /// Selector (label query) to filter on, such as -l team=news,tier!=test
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,

    /// Also remove objects that this plugin did not make
    #[arg(long)]
    pub force: bool,

    /// Also remove the gateway's two shared objects, if no host uses them
    #[arg(long)]
    pub prune: bool,

    /// What every change has.
    #[command(flatten)]
    pub change: Change,

    /// Which policies are asked.
    #[command(flatten)]
    pub policies: Policies,

    /// Show how each policy reached its answer
    #[arg(long, help_heading = "Policies")]
    pub explain: bool,
}
