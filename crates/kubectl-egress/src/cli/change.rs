//! The flags of commands that change the cluster.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::settings::duration;

/// Flags of `add` and `remove`.
#[derive(Args, Debug)]
pub struct Change {
    /// Must be "none", "server", or "client". client: only print what would be written, without a cluster.
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

    /// The length of time to wait for the proxies after each step, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub timeout: Duration,

    /// The length of time to wait after a step that no proxy which you may read can show
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration::parse)]
    pub settle: Duration,

    /// Refuse to change anything without permission to read the proxies
    #[arg(long)]
    pub require_proof: bool,

    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = egress_core::metadata::FIELD_MANAGER)]
    pub field_manager: String,
}

/// The values of `--dry-run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// Without a cluster.
    Client,
    /// The API server checks and stores nothing.
    Server,
    /// Write.
    None,
    /// No value; kubectl takes it for `client` and warns.
    #[value(name = "(bare)", hide = true)]
    Bare,
}
