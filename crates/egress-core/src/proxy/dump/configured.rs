//! Parsing of `/config_dump?resource=dynamic_active_clusters`: whose a cluster is, and where it was told to send.
//!
//! Reads only these fields; everything else is skipped without being built.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Address, Dump, DumpError};
use crate::proxy::{ClusterConfig, ServiceName};

/// Reads the page.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn configured(text: &[u8]) -> Result<BTreeMap<String, ClusterConfig>, DumpError> {
    let dump: Dump<DynamicCluster> = serde_json::from_slice(text)?;
    let clusters = dump.configs.into_iter().filter_map(|config| config.cluster);
    Ok(clusters.map(|cluster| (cluster.name.clone(), cluster.view())).collect())
}

#[derive(Deserialize)]
struct DynamicCluster {
    cluster: Option<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    discovery: String,
    metadata: Option<EnvoyMetadata>,
    load_assignment: Option<LoadAssignment>,
}

/// The metadata that istiod gives to parts of a configuration.
#[derive(Deserialize)]
struct EnvoyMetadata {
    #[serde(default)]
    filter_metadata: Filters,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Filters {
    istio: Istio,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Istio {
    services: Vec<ServiceName>,
}

#[derive(Deserialize)]
struct LoadAssignment {
    #[serde(default)]
    endpoints: Vec<Locality>,
}

#[derive(Deserialize)]
struct Locality {
    #[serde(default)]
    lb_endpoints: Vec<LbEndpoint>,
}

#[derive(Deserialize)]
struct LbEndpoint {
    endpoint: Option<Endpoint>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Endpoint {
    address: Option<Address>,
    additional_addresses: Vec<AdditionalAddress>,
}

#[derive(Deserialize)]
struct AdditionalAddress {
    address: Option<Address>,
}

impl Cluster {
    fn view(self) -> ClusterConfig {
        let services = self.metadata.map(|metadata| metadata.filter_metadata.istio.services);
        let localities = self.load_assignment.into_iter().flat_map(|assignment| assignment.endpoints);
        let endpoints = localities.flat_map(|locality| locality.lb_endpoints);
        let targets: BTreeSet<String> =
            endpoints.filter_map(|endpoint| endpoint.endpoint).flat_map(Endpoint::targets).collect();
        ClusterConfig {
            service: services.and_then(|services| services.into_iter().next()),
            discovery: self.discovery,
            targets,
        }
    }
}

impl Endpoint {
    /// Every place that Envoy may send to. One without a host and port, such as a pipe, is no host that was asked for.
    fn targets(self) -> Vec<String> {
        let others = self.additional_addresses.into_iter().map(|additional| additional.address);
        let all = std::iter::once(self.address).chain(others);
        all.map(|address| address.and_then(|address| address.text()).unwrap_or_default()).collect()
    }
}
