//! `policy export`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str =
    "Print the cluster's host rules as a ValidatingAdmissionPolicy, for kubectl and GitOps";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Print the cluster's host rules as a ValidatingAdmissionPolicy, for kubectl and GitOps.

`kubectl egress` asks the cluster's policies before it writes; other tools do not. This command prints a \
ValidatingAdmissionPolicy with its binding. The API server then applies the `builtin: rules` of the configuration \
to every ServiceEntry, WorkloadEntry, DestinationRule with a tunnel, Sidecar with ALLOW_ANY, and EnvoyFilter. \
Endpoints, addresses and target ports are checked like hosts. An EnvoyFilter can open anything, so it is refused. \
An object without exportTo is visible in every namespace, so the rules of every namespace apply to it.

Existing objects are checked when their spec changes; deletion is never refused. To exempt a user, grant the verb \
`bypass` on `destinations.kubectl-egress.github.io` in a Role. A permission for all verbs, such as cluster-admin, \
does not exempt.

Admission checks objects, not traffic: you still need NetworkPolicies or a firewall. Needs Kubernetes 1.30.";

const EXAMPLES: &str = "\
Examples:
  # First warn users, and write it to the audit log
  kubectl egress policy export | kubectl apply --server-side -f -

  # Then refuse
  kubectl egress policy export --deny | kubectl apply --server-side -f -

  # From a file that becomes the cluster's ConfigMap; no cluster is asked
  kubectl egress policy export -f egress-policy.yaml --root-namespace istio-system --gateway-namespace istio-egress

  # Rules that the API server cannot express
  kubectl egress policy export -o jsonpath='{.leftOut[*].at}'

  # Exempt users in a namespace
  kubectl create role egress-bypass -n legacy --verb=bypass --resource=destinations.kubectl-egress.github.io

  # Remove it: the binding first
  kubectl delete validatingadmissionpolicybinding kubectl-egress-rules
  kubectl delete validatingadmissionpolicy kubectl-egress-rules

Exits with 8 if the API server cannot express a part of the configuration: modules, nodes, hops, exceptions with a \
last day. Each is listed on stderr, and under leftOut in -o json.";

/// What was typed after `policy export`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Export {
    /// Read this configuration instead of the cluster's, and ask no cluster
    #[arg(short, long = "filename", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub filename: Option<PathBuf>,

    /// Refuse requests; without it users get a warning and the audit log an entry
    #[arg(long)]
    pub deny: bool,

    /// The mesh's root namespace, whose Sidecars and EnvoyFilters apply to every namespace
    #[arg(long, value_name = "NAME")]
    pub root_namespace: Option<String>,

    /// Namespaces of egress gateways, besides those in the cluster: exporting a host to them opens it to no caller
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub gateway_namespace: Vec<String>,

    /// Output format: yaml, json or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: String,
}
