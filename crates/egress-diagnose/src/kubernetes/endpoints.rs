//! Services with manual endpoints outside the cluster.
//!
//! A sidecar uses every EndpointSlice of a Service, whatever its author and labels. Knows the addresses of pods and
//! nodes. Knows nothing of who calls.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egress_core::related_resources::SERVICE_OF_SLICE;
use egress_core::related_resources::{Named, SliceFacts};
use egress_core::snapshot::{NodeFacts, PodFacts, ServiceFacts};

use crate::kubernetes::ip_range::Range;

/// The label with a slice's controller. The slice's author can set it to anything.
pub(crate) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// Endpoints with an address that no pod and no node has.
#[derive(Debug)]
pub struct LeadingOut<'a> {
    /// The endpoints.
    pub slice: &'a Named<SliceFacts>,
    /// Their Service.
    pub service: &'a ServiceFacts,
    /// The address; a public one if there is one.
    pub address: &'a str,
    /// Whether it is public. A private address may belong to a machine of the mesh.
    pub is_of_internet: bool,
}

/// Every one of them, in their order.
pub fn leading_out<'a>(
    slices: &'a [Named<SliceFacts>],
    services: &'a [ServiceFacts],
    pods: &[PodFacts],
    nodes: &[NodeFacts],
) -> Vec<LeadingOut<'a>> {
    let of_pods = pods.iter().flat_map(|pod| &pod.addresses);
    let of_nodes = nodes.iter().flat_map(|node| &node.addresses);
    let inside: BTreeSet<IpAddr> = of_pods.chain(of_nodes).filter_map(|text| text.parse().ok()).collect();
    let found = slices.iter().filter_map(|slice| {
        // The API server writes its own addresses into this one, and reverts changes.
        if (slice.namespace.as_str(), slice.name.as_str()) == ("default", "kubernetes") {
            return None;
        }
        let name = slice.labels.get(SERVICE_OF_SLICE)?;
        let of_slice = |found: &&ServiceFacts| found.namespace == slice.namespace && found.name == *name;
        // No sidecar uses a slice without its Service.
        let service = services.iter().find(of_slice).filter(|found| found.external_name.is_none())?;
        let managed_by = slice.labels.get(MANAGED_BY).map(String::as_str);
        // Pods come and go between one list and the next.
        let kept = managed_by == Some(CONTROLLER) && !service.selector.is_empty();
        let unknown =
            |address: &&String| address.parse().is_ok_and(|address: IpAddr| !inside.contains(&address));
        let outside = || slice.spec.addresses.iter().filter(unknown);
        let of_internet = outside().find(|address| is_of_internet(address));
        let address = of_internet.or_else(|| outside().next().filter(|_| !kept))?;
        Some(LeadingOut { slice, service, address, is_of_internet: of_internet.is_some() })
    });
    found.collect()
}

/// Whether an address is public.
pub(crate) fn is_of_internet(address: &str) -> bool {
    Range { block: address, except: &[] }.reaches_outside()
}
