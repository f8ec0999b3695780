//! Loads the policies of a command: finds them in all layers, checks locks and trust, reads the facts that they need.
//!
//! Knows where policies come from, and which errors may happen; every error is a refusal. Does not ask the policies:
//! `egress-policy` does. Without policies, it starts no engine.

mod facts;
mod file_names;
mod layers;
mod loading;
mod locks;
pub mod registry;
pub mod repository;
pub(crate) mod schema;
mod sources;
mod trust;
mod undecided;

use egress_cluster::Cluster;
use egress_core::snapshot::MeshFacts;
use egress_policy::config::ConfiguredLimits;
use egress_policy::evaluator::PolicyEvaluator;
use egress_policy::policy_set::{PolicySet, merge};
use egress_policy_wasm::Engine;

pub use facts::{EvaluationContext, with_namespaces};
pub use file_names::{CONFIGURATION, LOCK};
pub use locks::entry as lock_entry;
pub use trust::{Trusted, Unlocked, to_lock as trust_to_lock};

use self::undecided::undecided;
use crate::exit::{Code, Failure};
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// The hint if the root namespace is unknown.
const ROOT_UNKNOWN: &str = "name it: `--root-namespace NAME`; what the mesh says, \
                            `kubectl get configmap istio -n istio-system -o jsonpath='{.data.mesh}'` shows under rootNamespace";

/// Refuses if the root namespace is unknown, since the cluster's policies are in it.
///
/// # Errors
///
/// If the mesh does not name its root namespace: undecided.
pub fn known_root(mesh: &MeshFacts) -> Result<(), Failure> {
    let Some(why) = &mesh.root_unknown else { return Ok(()) };
    Err(undecided(
        format!("the mesh's root namespace, with the cluster's policies, is not known: {why}"),
        Some(ROOT_UNKNOWN.to_owned()),
    ))
}

/// The policies of a command with the facts they need, ready to be asked.
///
/// # Errors
/// A policy or a fact that cannot be read: the policies were not asked, so nothing is allowed.
pub async fn load(
    settings: &PolicySettings,
    context: &EvaluationContext<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<PolicyEvaluator> {
    let policies = of_layers(settings, context.cluster, &context.snapshot.mesh, terminal).await?;
    facts::read(policies, settings, context).await
}

/// The policies of all layers. An unknown root namespace is a refusal, since the cluster's policies are in it. Without a
/// cluster its layer is left out; the command tells the user so.
async fn of_layers(
    settings: &PolicySettings,
    cluster: Option<&Cluster>,
    mesh: &MeshFacts,
    terminal: &mut Terminal,
) -> anyhow::Result<PolicySet> {
    let root_namespace = mesh.root_namespace.as_str();
    if let (Some(cluster), Some(_)) = (cluster, &mesh.root_unknown) {
        // If the user may not read even these, report the missing permission first.
        cluster.policy_map(root_namespace).await?;
        known_root(mesh)?;
    }
    let configured = layers::find(settings, cluster, root_namespace).await?;
    if configured.is_empty() {
        return Ok(PolicySet::default());
    }
    let sets = configured.iter().map(|found| (found.layer, found.set.clone())).collect();
    let merged = merge(sets, &default_limits()).map_err(|error| Failure {
        code: Code::Usage,
        message: format!("the policies conflict: {error}"),
        hint: None,
    })?;
    let wanted = locks::of_all(&merged, &configured, settings)?;
    let trusted = trust::obtain(&wanted, cluster, settings, terminal)?;
    let limits = loading::limits(&merged.limits);
    let mut loader = loading::Loader::new(settings, cluster, root_namespace, limits);
    let mut policies = Vec::new();
    for wanted in &wanted {
        policies.push(loader.loaded(wanted, terminal).await?);
    }
    // Record trust only now: modules that cannot be loaded need none.
    trusted.remember()?;
    Ok(merged.with_policies(policies))
}

/// An engine with the default limits, for commands that try out a module.
pub fn engine(settings: &PolicySettings, terminal: &mut Terminal) -> Result<Engine, Failure> {
    loading::engine(settings, &egress_policy_wasm::Limits::default(), terminal)
}

/// The defaults of the limits that files may set.
fn default_limits() -> ConfiguredLimits {
    let defaults = egress_policy_wasm::Limits::default();
    ConfiguredLimits {
        wall: Some(defaults.wall),
        fuel: Some(defaults.fuel),
        memory: Some(defaults.memory as u64),
        module: Some(defaults.module as u64),
        compile: Some(defaults.compile),
        nodes: Some(defaults.nodes as u64),
    }
}
