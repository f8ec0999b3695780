//! Reads the facts that the policies of a command want to know, and no others.
//!
//! Knows which facts a policy may ask for and where they are read. What the policies answer is decided in `egress-policy`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use egress_cluster::access::User;
use egress_cluster::{Cluster, ClusterError};
use egress_core::inventory;
use egress_core::snapshot::Snapshot;
use egress_policy::descriptor::{Hook, Need};
use egress_policy::evaluator::PolicyEvaluator;
use egress_policy::policy_set::PolicySet;
use egress_policy::request_builder::{self, Facts};
use jiff::Timestamp;

use crate::settings::policies::PolicySettings;

/// What a command is about.
pub struct EvaluationContext<'a> {
    /// `None`: no cluster is asked.
    pub cluster: Option<&'a Cluster>,
    /// The cluster as it was read.
    pub snapshot: &'a Snapshot,
    /// The user, where that matters.
    pub user: Option<&'a User>,
    /// The namespaces whose callers the policies are asked about.
    pub namespaces: Vec<&'a str>,
}

/// The policies with what they need.
pub(super) async fn read(
    policies: PolicySet,
    settings: &PolicySettings,
    context: &EvaluationContext<'_>,
) -> anyhow::Result<PolicyEvaluator> {
    let EvaluationContext { cluster, snapshot, user, .. } = context;
    let now = Timestamp::now();
    let mut facts = Facts { explain: settings.explain, ..Facts::default() };
    if policies.is_empty() {
        return Ok(PolicyEvaluator::new(policies, facts, Vec::new(), now));
    }
    let needs = policies.needs();
    facts.cluster = cluster.map(|cluster| cluster.server().to_owned()).unwrap_or_default();
    facts.user = user.map(|user| user.name.clone());
    facts.groups = user.map(|user| user.groups.clone()).unwrap_or_default();
    if needs.contains(&Need::Existing) {
        let existing = inventory::egresses(snapshot);
        facts.existing = Arc::new(existing.iter().map(request_builder::existing).collect());
    }
    let mut nodes = Vec::new();
    if let Some(cluster) = cluster
        && (needs.contains(&Need::Nodes) || policies.hooks().contains(&Hook::Pinning))
    {
        nodes = cluster.nodes().await.context("the policies need the nodes")?;
    }
    let evaluator = PolicyEvaluator::new(policies, facts, nodes, now);
    Ok(with_namespaces(evaluator, context.namespaces.iter().copied(), *cluster).await?)
}

/// The evaluator with the labels of these namespaces, if a policy needs them.
///
/// # Errors
/// The first namespace that could not be read.
pub async fn with_namespaces<'a>(
    evaluator: PolicyEvaluator,
    namespaces: impl Iterator<Item = &'a str>,
    cluster: Option<&Cluster>,
) -> Result<PolicyEvaluator, ClusterError> {
    let needed = evaluator.policies().needs().contains(&Need::NamespaceLabels);
    let Some(cluster) = cluster.filter(|_| needed) else { return Ok(evaluator) };
    let mut labels = BTreeMap::new();
    for namespace in namespaces {
        if !evaluator.knows_namespace(namespace) && !labels.contains_key(namespace) {
            labels.insert(namespace.to_owned(), cluster.namespace_labels(namespace).await?);
        }
    }
    Ok(evaluator.with_namespaces(labels))
}
