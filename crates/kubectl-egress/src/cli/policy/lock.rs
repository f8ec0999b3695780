//! `policy lock`: what was typed.

use clap::Args;

use super::place::Place;

/// The line in the list of commands.
pub const ABOUT: &str = "Write down which modules the configured policies are";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Write down which modules the configured policies are.

egress-policy.lock holds the digest of every module that egress-policy.yaml names, with what it exports, imports and wants \
to know. A module that is not the locked one is refused. What is locked already stays as it is, where its source is the \
same: see `policy update`.

A key of a ConfigMap is taken from the file of this name beside the configuration, so that a directory can be locked before it becomes the cluster's ConfigMap: `kubectl create configmap kubectl-egress-policy --from-file=DIR -n istio-system`.";

const EXAMPLES: &str = "\
Examples:
  # After an edit of .egress/egress-policy.yaml
  kubectl egress policy lock

  # Your own file
  kubectl egress policy lock --layer user

  # A directory that is to become the cluster's ConfigMap
  kubectl egress policy lock -f cluster/egress-policy.yaml";

/// What was typed after `policy lock`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Lock {
    /// Which configuration.
    #[command(flatten)]
    pub place: Place,
}
