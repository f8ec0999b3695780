//! Finds the client pod of a diagnosis.
//!
//! Resolves a name to a pod, no more.

use egress_cluster::Cluster;
use egress_core::command::ShellCommand;
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_diagnose::facts::PodName;

use crate::exit::{Code, Failure};
use crate::settings::Namespaces;
use crate::settings::diagnose::client::{Client, ClientKind};

/// The named pod, or a ready pod of the named Deployment.
///
/// # Errors
/// If there is none, or none with a sidecar.
pub(super) fn find(asked: &Client, snapshot: &Snapshot, cluster: &Cluster) -> Result<PodName, Failure> {
    let namespace = match &asked.namespaces {
        Namespaces::One(Some(named)) => named,
        _ => cluster.default_namespace(),
    };
    let mut pods: Vec<&PodFacts> =
        snapshot.pods.iter().filter(|pod| pod.namespace == namespace && asked.names(pod)).collect();
    // If there are several, take the first ready one.
    pods.sort_by_key(|pod| (!pod.ready, &pod.name));
    let Some(pod) = pods.first() else {
        return Err(failure(
            format!("{asked} in namespace {namespace}: no such pod"),
            format!("see `{}`", ShellCommand::new(["kubectl", "get", "pods"]).in_namespace(namespace)),
        ));
    };
    if !pod.has_sidecar {
        return Err(failure(
            format!("pod/{} in namespace {namespace} has no sidecar: its calls bypass the mesh", pod.name),
            format!(
                "see the pods that bypass the gateway: {}",
                ShellCommand::new(["kubectl", "egress", "diagnose"]).in_namespace(namespace)
            ),
        ));
    }
    Ok(PodName::of(pod))
}

impl Client {
    fn names(&self, pod: &PodFacts) -> bool {
        match self.kind {
            ClientKind::Pod => pod.name == self.name,
            // A Deployment's ReplicaSets are named DEPLOYMENT-HASH.
            ClientKind::Deployment => pod.owner.as_ref().is_some_and(|owner| {
                owner.kind == "ReplicaSet"
                    && owner.name.rsplit_once('-').is_some_and(|(deployment, _)| deployment == self.name)
            }),
        }
    }
}

fn failure(message: String, hint: String) -> Failure {
    Failure { code: Code::Unchecked, message, hint: Some(hint) }
}
