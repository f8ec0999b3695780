//! Reads the cluster as facts, all kinds at the same time.
//!
//! Knows what to read, and what to do without permission. `egress-core` decides what the facts mean.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::kubernetes::{Node, Pod, Service};
use egress_core::objects;
use egress_core::snapshot::{GatewayFacts, MeshFacts, Snapshot};
use egress_core::visibility::defaults::apply_default_export_to;
use k8s_openapi::api::core::v1::Namespace;

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::{Collection, ListResult};
use gateways::KnownPods;
pub use istio::ResourceReading;

mod control_planes;
mod extras;
mod gateways;
mod istio;
mod istiod;
mod mesh;

/// How much of a cluster to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The caller namespaces.
    pub namespaces: Namespaces,
    /// A gateway that must exist.
    pub gateway: Option<GatewayName>,
    /// Whether to read nodes.
    pub nodes: bool,
    /// The mesh's root namespace, if the user named it.
    pub root_namespace: Option<String>,
}

/// Some namespaces, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// Every namespace; without that permission, these.
    All(Vec<String>),
    /// These.
    Some(Vec<String>),
}

impl Cluster {
    /// Reads everything that decisions need, as istiod reads it: objects without `exportTo` have the words that the mesh
    /// sets for them. [`Snapshot::unreadable`] lists the kinds without permission.
    ///
    /// # Errors
    /// [`ClusterError::NoIstio`], [`ClusterError::NoGateway`] if the named gateway does not exist, and every failure
    /// except missing permissions.
    pub async fn fetch(&self, scope: &Scope) -> Result<Snapshot, ClusterError> {
        let mut snapshot = Box::pin(self.fetch_as_stored(scope)).await?;
        apply_default_export_to(&mut snapshot);
        Ok(snapshot)
    }

    /// The same, with objects as they are stored.
    ///
    /// # Errors
    /// As [`Cluster::fetch`].
    pub async fn fetch_as_stored(&self, scope: &Scope) -> Result<Snapshot, ClusterError> {
        let narrow = scope.narrow();
        let services = Collection::core(Input::Services, "services");
        let nodes = Collection::core(Input::Nodes, "nodes");
        let namespaces = Collection::core(Input::Namespaces, "namespaces");
        let (istio, planes, services, (callers, labelled), nodes, namespaces) = tokio::try_join!(
            self.istio(&narrow),
            self.planes(),
            self.read::<Service>(&services, &narrow),
            self.pods(scope),
            self.all_nodes(&nodes, scope),
            self.namespaces(&namespaces),
        )?;
        let every = callers.covered.is_none();
        let known = KnownPods { pods: if every { Some(&callers.items) } else { labelled.as_deref() }, every };
        let gateways = self.gateways(scope, &services, known, &objects::Routed::by(&istio.resources)).await?;

        let proxies = gateways.pods.iter().chain(&callers.items).chain(labelled.iter().flatten());
        let mesh = self.mesh(planes, scope.root_namespace.as_deref(), proxies).await?;
        let domain = objects::cluster_domain(gateways.pods.iter().chain(&callers.items));
        let mesh_facts = MeshFacts {
            api_version: istio.api_version,
            cluster_domain: domain.unwrap_or_else(|| MeshFacts::default().cluster_domain),
            ..mesh.facts
        };
        let pods: Vec<&Pod> = gateways.pods.iter().chain(&callers.items).collect();
        let mut snapshot = Snapshot {
            other_meshes: mesh
                .others
                .into_iter()
                .map(|other| MeshFacts {
                    api_version: mesh_facts.api_version.clone(),
                    cluster_domain: mesh_facts.cluster_domain.clone(),
                    ..other
                })
                .collect(),
            mesh: mesh_facts,
            gateways: gateways.found,
            resources: istio.resources,
            istio_read_in: istio.read_in,
            services: services.items.iter().map(|service| objects::service_among(service, &pods)).collect(),
            pods: callers.items.iter().map(objects::pod).collect(),
            nodes: nodes.items.iter().map(objects::node).collect(),
            namespaces: namespaces.items.into_iter().map(objects::namespace).collect(),
            unreadable: [
                istio.unreadable,
                mesh.unreadable,
                services.unreadable,
                callers.unreadable,
                gateways.unreadable,
                nodes.unreadable,
                namespaces.unreadable,
            ]
            .concat(),
        };
        snapshot.resolve_short_names();
        snapshot.unreadable.sort();
        snapshot.unreadable.dedup();
        Ok(snapshot)
    }

    /// The pods of callers, and the gateway pods that have the gateway label; none of the latter if the former are all
    /// pods.
    async fn pods(&self, scope: &Scope) -> Result<(ListResult<Pod>, Option<Vec<Pod>>), ClusterError> {
        let pods = Collection::core(Input::Pods, "pods");
        match &scope.namespaces {
            Namespaces::All(names) => {
                let callers = self.read(&pods, &names.iter().cloned().collect()).await?;
                // Without permission to list all pods, a list by label is refused too.
                Ok((callers, None))
            }
            Namespaces::Some(names) => {
                let names = names.iter().cloned().collect();
                tokio::try_join!(self.read_in(&pods, &names), self.labelled_pods(&pods))
            }
        }
    }

    /// The pods that carry the label of Istio's own egress gateway, if pods may be listed everywhere.
    async fn labelled_pods(&self, pods: &Collection) -> Result<Option<Vec<Pod>>, ClusterError> {
        match self.list(pods, None, Some(objects::GATEWAY_LABEL)).await {
            Err(error) if error.is_forbidden() => Ok(None),
            listed => listed.map(Some),
        }
    }

    async fn all_nodes(&self, nodes: &Collection, scope: &Scope) -> Result<ListResult<Node>, ClusterError> {
        if !scope.nodes {
            return Ok(ListResult::whole(Vec::new()));
        }
        nodes.tolerate(None, self.list(nodes, None, None).await)
    }

    async fn namespaces(&self, namespaces: &Collection) -> Result<ListResult<Namespace>, ClusterError> {
        namespaces.tolerate(None, self.list(namespaces, None, None).await)
    }
}

impl Scope {
    /// The namespaces to read without cluster-wide permission: the requested ones and the gateway's.
    fn narrow(&self) -> BTreeSet<String> {
        let gateway = self.gateway.clone().unwrap_or_else(|| GatewayFacts::stock().name);
        let asked = match &self.namespaces {
            Namespaces::All(names) | Namespaces::Some(names) => names.clone(),
        };
        asked.into_iter().chain([gateway.namespace]).collect()
    }
}

#[cfg(test)]
mod tests;
