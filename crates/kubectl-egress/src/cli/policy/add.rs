//! `policy add`: what was typed.

use clap::Args;

use super::place::Place;

/// The line in the list of commands.
pub const ABOUT: &str = "Use a policy: from now on it is asked";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Use a policy: from now on it is asked.

SOURCE is a file that begins with ./, ../ or /, an OCI artifact (oci://HOST/REPOSITORY:TAG), or a key of a ConfigMap in \
the mesh's root namespace (configmap://NAME/KEY). The module is fetched, checked and compiled; the policy is added at the \
end of egress-policy.yaml, and its digest to egress-policy.lock. Give it its settings in egress-policy.yaml.";

const EXAMPLES: &str = "\
Examples:
  # For everybody who works in this repository: written to .egress/, to be committed
  kubectl egress policy add oci://ghcr.io/acme/egress-hosts:1.4 --name acme-hosts

  # For yourself
  kubectl egress policy add ./acme_hosts.wasm --name acme-hosts --layer user";

/// What was typed after `policy add`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Add {
    /// Where the module comes from
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// What the policy is called in messages, lock files and records
    #[arg(long, value_name = "NAME")]
    pub name: String,

    /// Which configuration.
    #[command(flatten)]
    pub place: Place,
}
