//! `policy record`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use egress_core::intent::{Hop, Layout};

use crate::cli::add;

/// The line in the list of commands.
pub const ABOUT: &str =
    "Make a test of what would be added: the request as the cluster is now, and the module's answer";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Make a test of what would be added: the request as the cluster is now, and the module's answer.

The request is the one that `add` would make, with the facts that the module needs and no others. It is written with the \
module's answer, as a file for `policy test`. Nothing is added. What is redacted is replaced before the module is asked, so \
that the test holds as it is printed; the same word is always replaced by the same other one.

The module is written as it was typed, and a test looks for it from its own directory: type the command where the test is to be.";

const EXAMPLES: &str = "\
Examples:
  # The way a module answers in this cluster, as a test
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

    /// Which objects, as for add
    #[arg(long, value_name = "shared|documented", default_value = "shared", value_parser = add::layout())]
    #[arg(hide_possible_values = true)]
    pub layout: Layout,

    /// How plain HTTP travels to the gateway, as for add
    #[arg(long, value_name = "auto|mtls|plain", default_value = "auto", value_parser = add::hop())]
    #[arg(hide_possible_values = true)]
    pub hop: Hop,

    /// Namespaces whose pods may call the host, as for add
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',', default_value = ".")]
    pub export_to: Vec<String>,

    /// Why it is needed, as for add
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// What is replaced: hosts; labels (their values); names (of namespaces, nodes, clusters and people)
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
