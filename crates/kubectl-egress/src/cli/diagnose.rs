//! `diagnose`: what was typed.

use clap::Args;

use super::policies::Policies;

pub mod probing;
pub mod reporting;
pub mod sources;

/// The line in the list of commands.
pub const ABOUT: &str = "Follow the path of a host and say where it is broken, with evidence and a fix";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Follow the path of a host and say where it is broken, with evidence and a fix.

Follows the path from the caller to the gateway to the host. After the first broken hop nothing more is reported as broken. \
What could not be checked is listed with the reason, and never counted as good. Without HOST, all hosts are checked, and the \
mesh and the gateways as well.

Prints findings first, then one line for each host. `-v 1` prints each check.

A finding that is known and meant to stay is accepted by an annotation of the object it names, for good or until a day:

  kubectl-egress.github.io/accept: \"EG014 until 2027-01-31: the vendor moves to TLS\"

Several stand on several lines. What was accepted is counted and told, and is no failure.";

const EXAMPLES: &str = "\
Examples:
  # One host, for the pods of namespace shop
  kubectl egress diagnose edition.cnn.com -n shop

  # The way that one pod's calls take
  kubectl egress diagnose edition.cnn.com --for pod/web-0.shop

  # Send one marked request from that pod, and prove the way it takes
  kubectl egress diagnose edition.cnn.com --for pod/web-0.shop --probe

  # Everything, for a pipeline: as a document, for code scanning, for a CI server
  kubectl egress diagnose -A -o json
  kubectl egress diagnose -A -o sarif > egress.sarif
  kubectl egress diagnose -A --fail-on warning --skip EG017 -o junit > report.xml

  # Each check of each host
  kubectl egress diagnose -A -v 1

  # How many findings there are of each kind; what changes from now on
  kubectl egress diagnose -A --summary
  kubectl egress diagnose -A --watch

  # Who can leave without passing a gateway, and why
  kubectl egress diagnose -A --bypass

  # What a check is about; all checks
  kubectl egress diagnose --explain EG014
  kubectl egress diagnose --explain

  # Files instead of a cluster: manifests, or a dump
  kubectl egress diagnose -f manifests/ -R
  kubectl get se,vs,dr,gw,svc,po,no,ns -A -o yaml | kubectl egress diagnose -f -

  # The cluster as it would be with these files applied
  kubectl egress diagnose -f change.yaml --with-live

  # Keep what it was made from, and diagnose that elsewhere
  kubectl egress diagnose -A --bundle egress.tar.gz
  kubectl egress diagnose --from egress.tar.gz

  # What another cluster of the fleet lets out otherwise
  kubectl egress diagnose -A --context east --bundle east.tar.gz
  kubectl egress diagnose -A --context west --beside east.tar.gz --only EG044

Exits with 1 if something is broken. Exits with 8 if nothing is broken but not everything could be checked: something could \
not be read, or a host is reached by a path that diagnose does not follow (TCP, a wildcard, a waypoint, the Gateway API). \
Name the hosts to check those alone. Warnings alone exit with 0, unless `--fail-on` says otherwise. Every output format has \
the same exit codes.";

/// What was typed after `diagnose`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Diagnose {
    /// Hosts to check; all by default
    #[arg(value_name = "HOST")]
    pub hosts: Vec<String>,

    /// If present, check the hosts of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Follow the path of this client, as pod/NAME or deploy/NAME, with .NAMESPACE at the end if it is another one
    ///
    /// Without it, one ready pod is looked at in each namespace that calls.
    #[arg(long = "for", value_name = "CLIENT", conflicts_with = "all_namespaces")]
    pub client: Option<String>,

    /// Files instead of a cluster.
    #[command(flatten)]
    pub sources: sources::Sources,

    /// What is told.
    #[command(flatten)]
    pub reporting: reporting::Reporting,

    /// The request that is sent.
    #[command(flatten)]
    pub probing: probing::Probing,

    /// Which policies are asked.
    #[command(flatten)]
    pub policies: Policies,
}
