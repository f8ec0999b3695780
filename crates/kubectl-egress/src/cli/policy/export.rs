//! `policy export`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str =
    "Print the cluster's host rules as a policy of the API server, for kubectl and GitOps";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Print the cluster's host rules as a policy of the API server, for kubectl and GitOps.

`kubectl egress` asks the cluster's policies before it writes. Whoever writes objects by other means is not asked. This \
command prints a ValidatingAdmissionPolicy with its binding: the API server then holds every ServiceEntry, WorkloadEntry, \
DestinationRule with a tunnel, Sidecar with ALLOW_ANY, and EnvoyFilter to the `builtin: rules` of the configuration. \
Endpoints, addresses and target ports are judged like hosts. An EnvoyFilter can open anything, so it is refused. An \
object without exportTo is visible in every namespace, so it is held to the rules of every namespace.

Objects that exist are judged when their spec changes; deletion is never refused. To excuse a writer, grant the verb \
`bypass` on `destinations.kubectl-egress.github.io` in a Role. A permission for all verbs, such as cluster-admin, does not \
excuse.

Admission judges objects, not packets: keep NetworkPolicies or a firewall for the rest. Needs Kubernetes 1.30.";

const EXAMPLES: &str = "\
Examples:
  # Warn writers first, and keep it in the audit log
  kubectl egress policy export | kubectl apply --server-side -f -

  # Then refuse
  kubectl egress policy export --deny | kubectl apply --server-side -f -

  # A file that is to become the cluster's ConfigMap; no cluster is asked
  kubectl egress policy export -f egress-policy.yaml --root-namespace istio-system --gateway-namespace istio-egress

  # What the API server cannot say
  kubectl egress policy export -o jsonpath='{.leftOut[*].at}'

  # Excuse a writer in a namespace
  kubectl create role egress-bypass -n legacy --verb=bypass --resource=destinations.kubectl-egress.github.io

  # Take it back: the binding first
  kubectl delete validatingadmissionpolicybinding kubectl-egress-rules
  kubectl delete validatingadmissionpolicy kubectl-egress-rules

Exits with 8 if the configuration says something that the API server cannot: modules, nodes, hops, exceptions with a last \
day. Each is told on stderr, and under leftOut in -o json.";

/// What was typed after `policy export`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Export {
    /// Read this configuration instead of the cluster's, and ask no cluster
    #[arg(short, long = "filename", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub filename: Option<PathBuf>,

    /// Refuse requests; without it writers are warned, and the audit log keeps it
    #[arg(long)]
    pub deny: bool,

    /// The mesh's root namespace, whose Sidecars and EnvoyFilters apply to every namespace
    #[arg(long, value_name = "NAME")]
    pub root_namespace: Option<String>,

    /// Namespaces of egress gateways, beside those that the cluster has: visibility there opens a host to nobody
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub gateway_namespace: Vec<String>,

    /// Output format: yaml, json or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: String,
}
