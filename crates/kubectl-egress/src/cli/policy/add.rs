//! `policy add`: what was typed.

use clap::Args;

use super::local_config::LocalConfig;

/// The line in the list of commands.
pub const ABOUT: &str = "Add a policy to the configuration, so that it is asked from now on";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Add a policy to the configuration, so that it is asked from now on.

SOURCE is a file that starts with ./, ../ or /, an OCI artifact (oci://HOST/REPOSITORY:TAG), or a key of a \
ConfigMap in the mesh's root namespace (configmap://NAME/KEY). The module is fetched, checked and compiled. Then \
the policy is added at the end of egress-policy.yaml, and its digest to egress-policy.lock. Write its settings in \
egress-policy.yaml.";

const EXAMPLES: &str = "\
Examples:
  # For everybody in this repository: written to .egress/, which you commit
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

    /// Name of the policy in messages, lock files and records
    #[arg(long, value_name = "NAME")]
    pub name: String,

    /// Which configuration.
    #[command(flatten)]
    pub local_config: LocalConfig,
}
