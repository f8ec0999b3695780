//! The policies that a command obeys: found in all layers, held to their lock files, trusted, loaded.
//!
//! Knows where policies come from and what may go wrong on the way; what goes wrong is always a refusal. Knows nothing of
//! what policies say: the deciding core asks them. Where there are none, nothing is read, made or started.

mod layers;
mod loading;
mod locks;
pub mod registry;
pub mod repository;
pub(crate) mod schema;
mod sources;
mod trust;

use egress_cluster::Cluster;
use egress_core::policy::config::Limits;
use egress_core::policy::member::{Assembly, join};
use egress_core::snapshot::MeshFacts;
use egress_policy::Engine;

pub use layers::{CONFIGURATION, LOCK};
pub use locks::entry as lock_entry;
pub use trust::{Trusted, Unlocked, to_lock as trust_to_lock};

use crate::exit::{Code, Failure};
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// What to do where the root namespace is not known.
const ROOT_UNKNOWN: &str = "name it: `--root-namespace NAME`; what the mesh says, \
                            `kubectl get configmap istio -n istio-system -o jsonpath='{.data.mesh}'` shows under rootNamespace";

/// Refuses where the root namespace, and so the cluster's policies, is not known.
///
/// # Errors
///
/// The mesh does not say which namespace it is: undecided.
pub fn known_root(mesh: &MeshFacts) -> Result<(), Failure> {
    let Some(why) = &mesh.root_unknown else { return Ok(()) };
    Err(undecided(
        format!("the mesh's root namespace, with the cluster's policies, is not known: {why}"),
        Some(ROOT_UNKNOWN.to_owned()),
    ))
}

/// Everybody who is to be asked. Where the root namespace is not known, the cluster's policies cannot be, and that is
/// a refusal. Without a cluster its layer is left out; whoever leaves
/// out the cluster says so.
pub async fn load(
    settings: &PolicySettings,
    cluster: Option<&Cluster>,
    mesh: &MeshFacts,
    terminal: &mut Terminal,
) -> anyhow::Result<Assembly> {
    let root_namespace = mesh.root_namespace.as_str();
    if let (Some(cluster), Some(_)) = (cluster, &mesh.root_unknown) {
        // Where not even these may be read, the missing right is told first.
        cluster.policy_map(root_namespace).await?;
        known_root(mesh)?;
    }
    let configured = layers::find(settings, cluster, root_namespace).await?;
    if configured.is_empty() {
        return Ok(Assembly::default());
    }
    let sets = configured.iter().map(|found| (found.layer, found.set.clone())).collect();
    let joined = join(sets, &default_limits()).map_err(|error| Failure {
        code: Code::Usage,
        message: format!("the policies conflict: {error}"),
        hint: None,
    })?;
    let wanted = locks::of_all(&joined, &configured, settings)?;
    let trusted = trust::obtain(&wanted, cluster, settings, terminal)?;
    let limits = loading::limits(&joined.limits);
    let mut loader = loading::Loader::new(settings, cluster, root_namespace, limits);
    let mut members = Vec::new();
    for wanted in &wanted {
        members.push(loader.member(wanted, terminal).await?);
    }
    // Only now: what cannot be loaded was trusted for nothing.
    trusted.remember()?;
    Ok(joined.assemble(members))
}

/// An engine with the limits that hold where no file sets others, for whoever tries out a module.
pub fn engine(settings: &PolicySettings, terminal: &mut Terminal) -> Result<Engine, Failure> {
    loading::engine(settings, &egress_policy::Limits::default(), terminal)
}

/// The limits that files may set, where none does.
fn default_limits() -> Limits {
    let defaults = egress_policy::Limits::default();
    Limits {
        wall: Some(defaults.wall),
        fuel: Some(defaults.fuel),
        memory: Some(defaults.memory as u64),
        module: Some(defaults.module as u64),
        compile: Some(defaults.compile),
        nodes: Some(defaults.nodes as u64),
    }
}

/// A policy that could not be asked: never taken for an allowance.
fn undecided(message: impl Into<String>, hint: Option<String>) -> Failure {
    Failure { code: Code::Undecided, message: message.into(), hint }
}
