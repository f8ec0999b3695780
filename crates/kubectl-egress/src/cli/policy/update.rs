//! `policy update`: what was typed.

use clap::Args;

use super::place::Place;

/// The line in the list of commands.
pub const ABOUT: &str = "Take the modules that the sources have now";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Take the modules that the sources have now.

Every source is looked at again, tags of registries too, and egress-policy.lock is written anew. Have the difference \
reviewed: it shows a new digest, and a module that exports, imports or wants to know something else.";

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

    /// Show what would change, as kubectl diff does, and exit with 3 if anything would
    #[arg(long)]
    pub diff: bool,

    /// Which configuration.
    #[command(flatten)]
    pub place: Place,
}
