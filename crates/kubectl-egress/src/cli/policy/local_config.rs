//! Which configuration a command works on.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::settings::policies::Trust;

/// Which configuration.
#[derive(Args, Clone, Debug)]
pub struct LocalConfig {
    /// repository: .egress/egress-policy.yaml. user: your own file
    #[arg(long, value_name = "repository|user", default_value = "repository", hide_possible_values = true)]
    pub layer: LayerChoice,

    /// Another configuration file, such as one for a cluster's ConfigMap
    #[arg(short, long = "filename", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "layer")]
    pub filename: Option<PathBuf>,

    /// Run the modules of a repository, to read what they are, without a question: those with this digest, or any
    #[arg(long, value_name = "DIGEST|any")]
    pub trust_policies: Option<Trust>,
}

/// The layers that are files of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayerChoice {
    /// The repository's file.
    Repository,
    /// The user's own file.
    User,
}
