//! Where Services lead, by their `EndpointSlice`s: what a sidecar follows, whoever wrote them.

use k8s_openapi::api::core::v1::Endpoints;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::named;
use crate::related_resources::{Named, SliceFacts};

/// The label that names the Service of a slice. <https://kubernetes.io/docs/reference/labels-annotations-taints/>
pub const SERVICE_OF_SLICE: &str = "kubernetes.io/service-name";

/// Endpoints of a Service. Istio does not follow names: `endpointslice.go` of `pilot/pkg/serviceregistry/kube/controller`.
pub fn endpoint_slice(slice: EndpointSlice) -> Named<SliceFacts> {
    let endpoints = slice.endpoints.into_iter().filter(|_| slice.address_type != "FQDN");
    let facts = SliceFacts {
        kind: "EndpointSlice".to_owned(),
        addresses: endpoints.flat_map(|endpoint| endpoint.addresses).collect(),
        ports: slice.ports.iter().flatten().filter_map(|port| port.port).collect(),
    };
    named(slice.metadata, facts)
}

/// The same, in the older kind: a controller makes slices of it.
pub fn endpoints(endpoints: Endpoints) -> Named<SliceFacts> {
    let subsets = endpoints.subsets.unwrap_or_default();
    let addresses = subsets.iter().flat_map(|subset| {
        subset.addresses.iter().flatten().chain(subset.not_ready_addresses.iter().flatten())
    });
    let facts = SliceFacts {
        kind: "Endpoints".to_owned(),
        addresses: addresses.map(|address| address.ip.clone()).collect(),
        ports: subsets
            .iter()
            .flat_map(|subset| subset.ports.iter().flatten())
            .map(|port| port.port)
            .collect(),
    };
    let mut found = named(endpoints.metadata, facts);
    found.labels.insert(SERVICE_OF_SLICE.to_owned(), found.name.clone());
    found
}
