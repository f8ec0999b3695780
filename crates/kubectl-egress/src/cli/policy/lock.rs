//! `policy lock`: what was typed.

use clap::Args;

use super::local_config::LocalConfig;

/// The line in the list of commands.
pub const ABOUT: &str = "Lock the modules of the configured policies by their digests";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Lock the modules of the configured policies by their digests.

egress-policy.lock holds the digest of every module in egress-policy.yaml, with its exports, imports and needs. A \
module with another digest is refused. A locked module with the same source is not changed: see `policy update`.

A key of a ConfigMap is read from the file of this name beside the configuration. So you can lock a directory \
before it becomes the cluster's ConfigMap: `kubectl create configmap kubectl-egress-policy --from-file=DIR -n \
istio-system`.";

const EXAMPLES: &str = "\
Examples:
  # After an edit of .egress/egress-policy.yaml
  kubectl egress policy lock

  # Your own file
  kubectl egress policy lock --layer user

  # A directory that becomes the cluster's ConfigMap
  kubectl egress policy lock -f cluster/egress-policy.yaml";

/// What was typed after `policy lock`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Lock {
    /// Which configuration.
    #[command(flatten)]
    pub local_config: LocalConfig,
}
