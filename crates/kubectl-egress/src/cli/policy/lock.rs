//! `policy lock`: what was typed.

use clap::{Args, ValueEnum};

/// The line in the list of commands.
pub const ABOUT: &str = "Write down which modules the configured policies are";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Write down which modules the configured policies are.

egress-policy.lock holds the digest of every module that egress-policy.yaml names, with what it exports, imports and wants \
to know. A module that is not the locked one is refused. What is locked already stays as it is, where its source is the \
same: see `policy update`.";

const EXAMPLES: &str = "\
Examples:
  # After an edit of .egress/egress-policy.yaml
  kubectl egress policy lock

  # Your own file
  kubectl egress policy lock --layer user";

/// What was typed after `policy lock`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Lock {
    /// repository: .egress/egress-policy.yaml. user: your own file
    #[arg(long, value_name = "repository|user", default_value = "repository", hide_possible_values = true)]
    pub layer: LayerChoice,
}

/// The layers that are files of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayerChoice {
    /// The repository's file.
    Repository,
    /// The user's own file.
    User,
}
