//! Where Services lead, by their `EndpointSlice`s: what a sidecar follows, whoever wrote them.

use k8s_openapi::api::core::v1::Endpoints;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::named;
use crate::related_resources::{Named, SERVICE_OF_SLICE, SliceFacts};

/// Endpoints of a Service. Istio does not follow names: `endpointslice.go` of `pilot/pkg/serviceregistry/kube/controller`.
pub fn endpoint_slice(slice: EndpointSlice) -> Named<SliceFacts> {
    let endpoints: Vec<Endpoint> =
        slice.endpoints.into_iter().filter(|_| slice.address_type != "FQDN").collect();
    let is_ready = |endpoint: &&Endpoint| {
        endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
    };
    let ports = slice.ports.iter().flatten();
    let ports = ports.filter(|port| is_for_tcp(port.protocol.as_deref()));
    let (ports, port_names) =
        ports.filter_map(|port| Some((port.port?, port.name.clone().unwrap_or_default()))).unzip();
    let not_ready = endpoints.iter().filter(|endpoint| !is_ready(endpoint));
    let facts = SliceFacts {
        kind: "EndpointSlice".to_owned(),
        not_ready: not_ready.flat_map(|endpoint| endpoint.addresses.clone()).collect(),
        addresses: endpoints.into_iter().flat_map(|endpoint| endpoint.addresses).collect(),
        ports,
        port_names,
    };
    named(slice.metadata, facts)
}

/// The same, in the older kind: a controller makes slices of it.
pub fn endpoints(endpoints: Endpoints) -> Named<SliceFacts> {
    let subsets = endpoints.subsets.unwrap_or_default();
    let ready = subsets.iter().flat_map(|subset| subset.addresses.iter().flatten());
    let not_ready = subsets.iter().flat_map(|subset| subset.not_ready_addresses.iter().flatten());
    let ports = subsets.iter().flat_map(|subset| subset.ports.iter().flatten());
    let ports = ports.filter(|port| is_for_tcp(port.protocol.as_deref()));
    let (ports, port_names) = ports.map(|port| (port.port, port.name.clone().unwrap_or_default())).unzip();
    let facts = SliceFacts {
        kind: "Endpoints".to_owned(),
        addresses: ready.chain(not_ready.clone()).map(|address| address.ip.clone()).collect(),
        not_ready: not_ready.map(|address| address.ip.clone()).collect(),
        ports,
        port_names,
    };
    let mut found = named(endpoints.metadata, facts);
    found.labels.insert(SERVICE_OF_SLICE.to_owned(), found.name.clone());
    found
}

/// Without a word about it, a port is for TCP.
fn is_for_tcp(protocol: Option<&str>) -> bool {
    !matches!(protocol, Some("UDP" | "SCTP"))
}
