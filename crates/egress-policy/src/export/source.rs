//! What an export is made from, and why none can be made.

use std::collections::BTreeSet;

use jiff::civil::Date;
use thiserror::Error;

use crate::answer::Finding;
use crate::config::PolicyConfig;

/// The API group, resource and verb of the permission that excuses a writer. It need not exist as a resource.
pub const EXCUSE: (&str, &str, &str) = ("kubectl-egress.github.io", "destinations", "bypass");

/// The largest policy that is made, in bytes: etcd stores at most 1.5 MiB.
pub(super) const LARGEST: usize = 1_200_000;

/// What is exported, and what is known of the mesh.
#[derive(Clone, Debug)]
pub struct ExportSource<'a> {
    /// The configuration of the cluster's layer.
    pub set: &'a PolicyConfig,
    /// The mesh's root namespace, whose Sidecars and EnvoyFilters are about every namespace; `None`: not known, so those of
    /// any namespace are taken to be.
    pub root_namespace: Option<&'a str>,
    /// Namespaces of egress gateways. Being seen there makes nobody a caller.
    pub gateway_namespaces: &'a BTreeSet<String>,
    /// Today, by UTC: an exception that is over is none.
    pub today: Date,
}

/// Why nothing can be exported.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExportError {
    /// Settings of a policy are wrong.
    #[error("the settings of policy `{policy}` are wrong: {}", .findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("; "))]
    Settings {
        /// Its name.
        policy: String,
        /// Where they are wrong.
        findings: Vec<Finding>,
    },
    /// The API server could not store it.
    #[error("the policy would have {0} bytes; the API server stores at most {LARGEST}")]
    TooLarge(usize),
}
