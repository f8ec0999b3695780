//! `list`: what was typed.

use clap::Args;

use super::policies::Policies;

/// The line in the list of commands.
pub const ABOUT: &str = "Show which hosts may be called, from where, through which gateway";

const EXAMPLES: &str = "\
Examples:
  # Hosts that the pods of namespace shop may call
  kubectl egress list -n shop

  # Every namespace, with layout, objects and reason
  kubectl egress list -A -o wide

  # Egresses that are older than the current policies
  kubectl egress list -A --outdated

  # Hosts only
  kubectl egress list -A -o jsonpath='{range .items[*]}{.host}{\"\\n\"}{end}'

PINNED, with -o wide, says whether the gateway runs on the nodes that the current policies require.

STATE comes from the existing objects: ready, incomplete (an object is missing), changed (someone edited one), \
taken (another object takes over the host at the gateway), foreign (made by hand or by another tool).";

/// What was typed after `list`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct List {
    /// If present, list across all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Selector (label query) to filter on, such as -l team=news,tier!=test
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,

    /// Output format: json, yaml, name, wide or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,

    /// Don't print headers
    #[arg(long)]
    pub no_headers: bool,

    /// Show only egresses written under other policies than the current ones, and what has changed
    #[arg(long)]
    pub outdated: bool,

    /// Which policies are asked.
    #[command(flatten)]
    pub policies: Policies,
}
