//! Whose service a cluster must be made of, and where it must lead.
//!
//! A cluster is found by its name only, and its name is that of a host: of two objects that declare one host istiod takes
//! one, and Envoy has a cluster of that name either way. Envoy keeps which one it was in the cluster's metadata.

use std::collections::BTreeSet;

use super::UnmetCondition;
use crate::host::printable;
use crate::proxy::{ClusterConfig, ProxyView};

/// A condition on one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The cluster's name.
    pub cluster: String,
    /// The host of its service.
    pub host: String,
    /// The namespaces whose object may declare it.
    pub namespaces: BTreeSet<String>,
    /// What it must send to, by its name and nothing else: `edition.cnn.com:443`. `None`: a Service, whose addresses
    /// istiod tells.
    pub target: Option<String>,
    /// Whether it has to be there.
    pub required: bool,
}

/// Kinds of clusters whose targets Envoy looks up by name itself.
const BY_NAME: [&str; 2] = ["STRICT_DNS", "LOGICAL_DNS"];

pub(super) fn check(view: &ProxyView, owner: &Owner) -> Result<(), UnmetCondition> {
    let Some(found) = view.configured.get(&owner.cluster) else {
        return if owner.required {
            Err(UnmetCondition(format!("no cluster `{}`", owner.cluster)))
        } else {
            Ok(())
        };
    };
    is_own(found, owner).and_then(|()| leads(found, owner)).map_err(UnmetCondition)
}

/// Where istiod writes no services into clusters, nobody can tell whose they are; where they lead is told all the same.
fn is_own(found: &ClusterConfig, owner: &Owner) -> Result<(), String> {
    let Some(service) = &found.service else { return Ok(()) };
    if service.host == owner.host && owner.namespaces.contains(&service.namespace) {
        return Ok(());
    }
    let wanted: Vec<&str> = owner.namespaces.iter().map(String::as_str).collect();
    Err(format!(
        "cluster `{}` comes from `{}` in namespace {}, not in {}: another object takes over that host",
        owner.cluster,
        printable(&service.host),
        printable(&service.namespace),
        wanted.join(" or "),
    ))
}

fn leads(found: &ClusterConfig, owner: &Owner) -> Result<(), String> {
    let Some(target) = &owner.target else { return Ok(()) };
    if !BY_NAME.contains(&found.discovery.as_str()) {
        let how = if found.discovery.is_empty() { "another source" } else { &found.discovery };
        return Err(format!(
            "cluster `{}` does not resolve `{target}`: its addresses come from {}",
            owner.cluster,
            printable(how)
        ));
    }
    let other = found.targets.iter().find(|found| *found != target);
    match other {
        Some(other) => {
            Err(format!("cluster `{}` leads to `{}`, not to `{target}`", owner.cluster, printable(other)))
        }
        None if found.targets.is_empty() => {
            Err(format!("cluster `{}` leads nowhere, not to `{target}`", owner.cluster))
        }
        None => Ok(()),
    }
}
