//! `diagnose`: what was typed.

use clap::Args;

use super::policies::Policies;

pub mod probing;
pub mod reporting;
pub mod sources;

/// The line in the list of commands.
pub const ABOUT: &str = "Check the path of a host, and show where it is broken, with evidence and a fix";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Check the path of a host, and show where it is broken, with evidence and a fix.

The path goes from the caller to the gateway to the host. After the first broken hop, later hops are not blamed. \
What could not be checked is listed with the reason, and never counts as passed. Without HOST, all hosts are checked, \
and the mesh and the gateways as well.

Prints findings first, then one line for each host. `-v 1` prints each check. `--path` draws the path of calls to HOST \
instead. For a HOST that no object names, diagnose says what happens to calls, and why.

To accept a known finding, annotate the object that it names, forever or until a date:

  kubectl-egress.github.io/accept: \"EG014 until 2027-01-31: the vendor moves to TLS\"

To accept several findings, write one per line. Accepted findings are counted and listed, and do not count as failures.";

const EXAMPLES: &str = "\
Examples:
  # One host, for the pods of namespace shop
  kubectl egress diagnose edition.cnn.com -n shop

  # The path of one pod's calls
  kubectl egress diagnose edition.cnn.com --for pod/web-0.shop

  # The path of calls as a picture: each hop, with the objects that decide
  kubectl egress diagnose edition.cnn.com -n shop --path
  kubectl egress diagnose edition.cnn.com:443 --for pod/web-0.shop --path

  # Send one marked request from that pod, and prove its path
  kubectl egress diagnose edition.cnn.com --for pod/web-0.shop --probe

  # Everything, for a pipeline: as JSON, for code scanning, for a CI server
  kubectl egress diagnose -A -o json
  kubectl egress diagnose -A -o sarif > egress.sarif
  kubectl egress diagnose -A --fail-on warning --skip EG017 -o junit > report.xml

  # Show each check of each host
  kubectl egress diagnose -A -v 1

  # Count the findings of each kind; print changes from now on
  kubectl egress diagnose -A --summary
  kubectl egress diagnose -A --watch

  # Which pods can bypass the gateway, and why
  kubectl egress diagnose -A --bypass

  # Explain one check; list all checks
  kubectl egress diagnose --explain EG014
  kubectl egress diagnose --explain

  # Files instead of a cluster: manifests, or a dump
  kubectl egress diagnose -f manifests/ -R
  kubectl get se,vs,dr,gw,svc,po,no,ns -A -o yaml | kubectl egress diagnose -f -

  # The cluster as it would be with these files applied
  kubectl egress diagnose -f change.yaml --with-live

  # Save the input, and diagnose it elsewhere
  kubectl egress diagnose -A --bundle egress.tar.gz
  kubectl egress diagnose --from egress.tar.gz

  # Compare the egresses of two clusters
  kubectl egress diagnose -A --context east --bundle east.tar.gz
  kubectl egress diagnose -A --context west --beside east.tar.gz --only EG044

Exits with 1 if something is broken. Exits with 8 if nothing is broken but not everything could be checked: something could \
not be read, `--path` could not follow a call, or a host is reached by a path that diagnose does not follow (TCP, a \
wildcard, a waypoint, the Gateway API). \
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

    /// Check the path from this client: pod/NAME or deploy/NAME, with .NAMESPACE at the end for another namespace
    ///
    /// Without it, one ready pod of each caller namespace is used.
    #[arg(long = "for", value_name = "CLIENT", conflicts_with = "all_namespaces")]
    pub client: Option<String>,

    /// Show the path of calls to HOST, hop by hop, with the objects that decide
    ///
    /// One picture for each port of HOST; callers whose calls take the same path share it. Findings are printed as always. The
    /// path is computed from the objects, as istiod and Envoy do; no request is sent. Where an object's effect cannot be
    /// computed (an EnvoyFilter, a waypoint), it is named and no path is shown. HOST:PORT shows one port, --for one pod.
    #[arg(long, requires = "hosts", conflicts_with_all = ["summary", "bypass", "watch"])]
    pub path: bool,

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
