//! The built-in `rules` of the cluster's layer as a policy of the API server, so that kubectl and GitOps obey the same list.
//!
//! Judged is where an object leads, not what it is called: hosts, endpoints, addresses, and what opens every destination at
//! once. Every namespace that may call by an object counts as a caller. What cannot be judged is refused. What CEL cannot
//! say is told as [`LeftOut`], with whether the policy is weaker or stronger for it: nothing is left out silently.
//!
//! Knows one configuration. Knows nothing of other layers: they only ever add denials, which are theirs to tell.

mod expressions;
mod keys;
mod layer;
mod left_out;
mod standing;
mod twin;

use std::collections::BTreeSet;

use jiff::civil::Date;
use thiserror::Error;

pub use self::layer::Layer;
pub use self::left_out::{Effect, LeftOut};
pub use self::standing::flaws;
pub use self::twin::Verdict;

use crate::answer::Finding;
use crate::config::PolicyConfig;
use egress_core::admission::AdmissionPolicy;

/// The API group, resource and verb of the permission that excuses a writer. It need not exist as a resource.
pub const EXCUSE: (&str, &str, &str) = ("kubectl-egress.github.io", "destinations", "bypass");
/// The kinds that are judged.
pub const JUDGED: [&str; 5] = ["ServiceEntry", "WorkloadEntry", "DestinationRule", "Sidecar", "EnvoyFilter"];

/// The largest policy that is made, in bytes: etcd stores at most 1.5 MiB.
const LARGEST: usize = 1_200_000;

/// What is exported, and what is known of the mesh.
#[derive(Clone, Debug)]
pub struct Source<'a> {
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

/// What an export comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The policy; `None`: the configuration refuses no host that CEL can name.
    pub policy: Option<AdmissionPolicy>,
    /// What it does not say.
    pub left_out: Vec<LeftOut>,
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

/// Makes the policy.
///
/// # Errors
/// [`ExportError`] where settings are wrong, or the lists too long to be stored.
pub fn export(source: &Source<'_>) -> Result<Export, ExportError> {
    let layer = Layer::read(source)?;
    let left_out = left_out::of(source, &layer);
    if !layer.refuses_anything() {
        return Ok(Export { policy: None, left_out });
    }
    let policy = expressions::policy(&layer);
    let bytes = policy.variables.iter().map(|clause| clause.expression.len()).sum();
    if bytes > LARGEST {
        return Err(ExportError::TooLarge(bytes));
    }
    Ok(Export { policy: Some(policy), left_out })
}

impl Export {
    /// Whether the policy says less or other than the configuration.
    pub fn is_partial(&self) -> bool {
        self.left_out.iter().any(|left_out| left_out.effect != Effect::None)
    }
}
