//! `add`: what was typed.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use egress_core::intent::{GatewayTls, Layout, WordError};

use super::change::Change;
use super::policies::Policies;

/// The line in the list of commands.
pub const ABOUT: &str = "Let the pods of a namespace call hosts outside the mesh, through an egress gateway";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Let the pods of a namespace call hosts outside the mesh, through an egress gateway.

HOST is a host, a host with a port, or a URL:
  edition.cnn.com               ports 80/HTTP and 443/TLS
  edition.cnn.com:8443/TLS      one port, with the application's protocol
  https://edition.cnn.com/x     443/TLS; the path is ignored

Four objects are created for each host: the gateway's ServiceEntry, the route at the gateway, the route to the \
gateway, and the callers' ServiceEntry. After each object, the proxies are asked whether they have it before the \
next one is created. Objects that are already correct are not changed, so you can run the same command again.

Two namespaces with the same TLS host share one filter chain at the gateway. When the older egress is removed, \
long-lived connections of the other are drained.";

const EXAMPLES: &str = "\
Examples:
  # Ports 80 and 443 of edition.cnn.com, for the pods of namespace shop
  kubectl egress add edition.cnn.com -n shop

  # One port, several hosts
  kubectl egress add api.github.com:443 https://uploads.github.com -n shop

  # Many hosts: one per line, or a YAML list
  kubectl egress add -n shop -f hosts.txt

  # Print the objects, for review or for a repository; needs no cluster
  kubectl egress add edition.cnn.com -n shop --dry-run=client -o yaml

  # What would change; exits with 3 if anything would
  kubectl egress add edition.cnn.com -n shop --diff

  # In a pipeline: no question, JSON output, and not without permission to read the proxies
  kubectl egress add edition.cnn.com -n shop -y -o json --require-proof";

/// What was typed after `add`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Add {
    /// Hosts outside the mesh, such as edition.cnn.com, edition.cnn.com:8443/TLS or https://edition.cnn.com
    #[arg(value_name = "HOST")]
    pub hosts: Vec<String>,

    /// File with hosts, one per line or as YAML; - reads standard input
    #[arg(short, long = "filename", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub filenames: Vec<String>,

    /// Service of the egress gateway; needed only if there are several gateways
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub gateway: Option<String>,

    /// Which objects to write. shared: two static objects per gateway and four objects per host.
    /// documented: the objects of Istio's own documentation, all in the caller namespace.
    /// endpoints: the gateway is the endpoint of the host, so that no object leads outside by itself
    #[arg(long, value_name = "shared|documented|endpoints", default_value = "shared", value_parser = layout())]
    #[arg(hide_possible_values = true)]
    pub layout: Layout,

    /// How HTTP reaches the gateway. mtls: inside mesh mTLS. plain: as the application sent it.
    /// auto: mtls. TLS from the application always passes through unchanged
    #[arg(long, value_name = "auto|mtls|plain", default_value = "auto", value_parser = hop())]
    #[arg(hide_possible_values = true)]
    pub hop: GatewayTls,

    /// Caller namespaces: . is the namespace itself, * is every namespace
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',', default_value = ".")]
    pub export_to: Vec<String>,

    /// Why the egress is needed; stored with the objects and shown by list
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Show what would change, like kubectl diff, and exit with 3 if anything would
    #[arg(long)]
    pub diff: bool,

    /// If true, take over fields that another manager owns
    #[arg(long)]
    pub force_conflicts: bool,

    /// What every change has.
    #[command(flatten)]
    pub change: Change,

    /// Which policies are asked.
    #[command(flatten)]
    pub policies: Policies,

    /// Show how each policy reached its answer
    #[arg(long, help_heading = "Policies")]
    pub explain: bool,
}

pub(super) fn layout() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::ALL.map(Layout::word)).try_map(|word| word.parse::<Layout>())
}

/// TLS of the application is the same in every hop, so `auto` has nothing to decide but for HTTP: mesh mTLS.
pub(super) fn hop() -> impl TypedValueParser<Value = GatewayTls> {
    PossibleValuesParser::new(["auto", "mtls", "plain"]).try_map(|word| match word.as_str() {
        "auto" => Ok::<GatewayTls, WordError>(GatewayTls::Mtls),
        word => word.parse(),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// Of the kind: a new layout that help forgets.
    #[test]
    fn help_names_every_layout_and_says_what_each_is() {
        let words = Layout::ALL.map(Layout::word);
        let command = Cli::command();
        let of = |path: &[&str]| {
            let found = path.iter().try_fold(&command, |command, name| command.find_subcommand(name));
            let argument = found.unwrap().get_arguments().find(|argument| argument.get_id() == "layout");
            argument.unwrap().clone()
        };
        for path in [&["add"][..], &["policy", "record"]] {
            assert_eq!(of(path).get_value_names().unwrap(), [words.join("|")], "{path:?}");
        }
        let help = of(&["add"]).get_help().unwrap().to_string();
        for word in words {
            assert!(help.contains(&format!("{word}: ")), "{word} in {help}");
        }
    }
}
