//! The flags of commands that ask policies: which are asked.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::settings::policies::Trust;

/// Which policies are asked.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Policies")]
pub struct Policies {
    /// Also ask these policies: an egress-policy.yaml, or a module (.wasm). Those of the cluster, the repository and
    /// your own are always asked
    #[arg(long = "policy", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// The mesh's root namespace, which holds the cluster's policies; needed if the cluster does not name it
    #[arg(long, value_name = "NAME")]
    pub root_namespace: Option<String>,

    /// Run the policy modules of the cluster and the repository without a question: those with this digest, or any
    #[arg(long, value_name = "DIGEST|any")]
    pub trust_policies: Option<Trust>,
}
