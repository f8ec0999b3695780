//! `policy record`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use egress_core::intent::{GatewayTls, Layout};

use crate::cli::add;

/// The line in the list of commands.
pub const ABOUT: &str = "Record a policy test: the request that add would make now, and the module's answer";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Record a policy test: the request that add would make now, and the module's answer.

The request is the one that `add` would make, with only the facts that the module needs. It is printed with the \
module's answer, as a file for `policy test`. Nothing is added. Redacted values are replaced before the module is \
asked, so the printed test passes. The same value always gets the same replacement.

The module's path is printed as you typed it, and a test reads it relative to its own directory: run this command \
in the directory of the test.";

const EXAMPLES: &str = "\
Examples:
  # A module's answer in this cluster, as a test
  cd tests
  kubectl egress policy record ../acme_hosts.wasm api.stripe.com:443 -n payments > stripe.yaml

  # For a public repository: no names of hosts, nodes, namespaces or people
  kubectl egress policy record ../acme_hosts.wasm api.stripe.com -n payments --redact hosts,labels,names > case.yaml";

/// What was typed after `policy record`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Record {
    /// The module
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,

    /// Hosts, as for add
    #[arg(value_name = "HOST", required = true)]
    pub hosts: Vec<String>,

    /// YAML or JSON file with the settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,

    /// Which objects to write, as for add
    #[arg(long, value_name = "shared|documented|endpoints", default_value = "shared", value_parser = add::layout())]
    #[arg(hide_possible_values = true)]
    pub layout: Layout,

    /// How HTTP reaches the gateway, as for add
    #[arg(long, value_name = "auto|mtls|plain", default_value = "auto", value_parser = add::hop())]
    #[arg(hide_possible_values = true)]
    pub hop: GatewayTls,

    /// Caller namespaces, as for add
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',', default_value = ".")]
    pub export_to: Vec<String>,

    /// Why the egress is needed, as for add
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// What to replace: hosts; labels (their values); names (of namespaces, nodes, clusters and people)
    #[arg(long, value_name = "WORD", value_delimiter = ',', hide_possible_values = true)]
    pub redact: Vec<Secret>,

    /// Output format: json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: String,
}

/// What a test should not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Secret {
    /// Names of hosts.
    Hosts,
    /// Values of labels.
    Labels,
    /// Names of namespaces, nodes, clusters and people, and why something was asked for.
    Names,
}
