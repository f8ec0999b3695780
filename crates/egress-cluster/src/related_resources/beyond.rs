//! Reads other paths out of the mesh, which only an audit needs: workloads outside the cluster, and EnvoyFilters.
//!
//! Knows kinds and permissions. `egress-core` decides what they allow.

use std::collections::BTreeSet;

use egress_core::opened::OutsideWorkload;
use egress_core::role::Kind;
use egress_core::snapshot::MeshFacts;
use egress_core::unreadable::Unreadable;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};
use crate::list::{Collection, ListResult};

/// Istio has this kind in this version only.
const FILTERS: &str = "v1alpha3";

/// The objects that were read.
#[derive(Clone, Debug, Default)]
pub struct Beyond {
    /// Workloads outside the cluster.
    pub workloads: Vec<OutsideWorkload>,
    /// EnvoyFilters, in kubectl's words.
    pub filters: Vec<String>,
    /// The gaps.
    pub unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
}

impl Cluster {
    /// Reads them in all namespaces, or those that apply to one namespace: objects in the root namespace apply to all.
    ///
    /// # Errors
    /// Every failure that is no lack of rights.
    pub async fn beyond(&self, mesh: &MeshFacts, namespace: Option<&str>) -> Result<Beyond, ClusterError> {
        let wanted: BTreeSet<String> =
            namespace.into_iter().chain([mesh.root_namespace.as_str()]).map(str::to_owned).collect();
        let workloads = Collection::of_group(None, Kind::GROUP, &mesh.api_version, "workloadentries");
        let filters = Collection::of_group(None, Kind::GROUP, FILTERS, "envoyfilters");
        let (workloads, filters) =
            tokio::try_join!(self.as_far(&workloads, &wanted), self.as_far(&filters, &wanted))?;
        let concerns = |object: &&Object| {
            namespace.is_none_or(|namespace| {
                let found = object.metadata.namespace.as_str();
                found == namespace || found == mesh.root_namespace
            })
        };
        let mut beyond = Beyond::default();
        for reading in [&workloads, &filters] {
            let whole = match namespace {
                None => reading.covered.is_none(),
                Some(namespace) => reading.covers(namespace) && reading.covers(&mesh.root_namespace),
            };
            if !whole {
                beyond.unreadable.extend(reading.unreadable.iter().cloned());
            }
        }
        beyond.workloads = workloads.items.iter().map(workload).collect();
        let filters = filters.items.iter().filter(concerns);
        beyond.filters = filters
            .map(|object| {
                let Metadata { namespace, name } = &object.metadata;
                one_line(&format!("envoyfilter/{name} in namespace {namespace}"))
            })
            .collect();
        Ok(beyond)
    }

    /// A kind that the server does not have counts as read and empty.
    async fn as_far(
        &self,
        kind: &Collection,
        namespaces: &BTreeSet<String>,
    ) -> Result<ListResult<Object>, ClusterError> {
        match self.read(kind, namespaces).await {
            Err(error) if error.is_not_found() => Ok(ListResult::whole(Vec::new())),
            read => read,
        }
    }
}

fn workload(object: &Object) -> OutsideWorkload {
    let ports = object.spec["ports"].as_object().into_iter().flatten();
    OutsideWorkload {
        namespace: object.metadata.namespace.clone(),
        name: object.metadata.name.clone(),
        address: object.spec["address"].as_str().unwrap_or_default().to_owned(),
        ports: ports.filter_map(|(_, port)| u16::try_from(port.as_u64()?).ok()).collect(),
    }
}
