//! `policy update`: what was typed.

use clap::Args;

use super::local_config::LocalConfig;

/// The line in the list of commands.
pub const ABOUT: &str = "Update the lock file to the sources' current modules";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Update the lock file to the sources' current modules.

Every source is read again, registry tags too, and egress-policy.lock is rewritten. Have the difference reviewed: \
it shows new digests, and modules with other exports, imports or needs.";

const EXAMPLES: &str = "\
Examples:
  # All policies of this repository
  kubectl egress policy update

  # What would change; exits with 3 if anything would
  kubectl egress policy update acme-hosts --diff";

/// What was typed after `policy update`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Update {
    /// Policies to update; all by default
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Show what would change, like kubectl diff, and exit with 3 if anything would
    #[arg(long)]
    pub diff: bool,

    /// Which configuration.
    #[command(flatten)]
    pub local_config: LocalConfig,
}
