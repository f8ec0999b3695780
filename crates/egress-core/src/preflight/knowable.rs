//! Where the simulation cannot know what becomes of a call.
//!
//! What [`istio::simulation`](crate::istio::simulation) does not know is listed there; here is how a cluster shows it.

use crate::dialect::Part;
use crate::input::Input;
use crate::intent::Intent;
use crate::istio::call::{End, Passage, Refusal};
use crate::related_resources::RelatedResources;
use crate::snapshot::{GatewayFacts, Snapshot};

/// The other facts, where calls of this cluster can be followed at all.
///
/// # Errors
/// The reason, as a part of a sentence.
pub(super) fn unknown<'r>(
    snapshot: &Snapshot,
    related: Option<&'r RelatedResources>,
    wanted: &[(&Intent, &[Part])],
) -> Result<&'r RelatedResources, String> {
    let Some(related) = related else {
        return Err("no permission to read EnvoyFilters and PeerAuthentications".to_owned());
    };
    let is_needed = |input: Option<Input>| !matches!(input, Some(Input::Nodes | Input::Namespaces));
    if let Some(missing) = snapshot.unreadable.iter().find(|missing| is_needed(missing.input)) {
        return Err(format!("no permission to read {}", missing.what));
    }
    if snapshot.istio_read_in.is_some() {
        return Err("no permission to read Istio's objects of all namespaces".to_owned());
    }
    if snapshot.mesh.outbound.is_none() {
        return Err("the mesh configuration is not known".to_owned());
    }
    if !snapshot.other_meshes.is_empty() || !snapshot.mesh.discovery_selectors.is_empty() {
        return Err("istiod does not read the objects of all namespaces".to_owned());
    }
    for (intent, _) in wanted {
        let gateway = snapshot.gateway(&intent.gateway).filter(|gateway| !gateway.assumed);
        if !gateway.is_some_and(has_known_pods) {
            return Err(format!("the pods of gateway {} are not known", intent.gateway));
        }
    }
    Ok(related)
}

/// Whether its pods have addresses, and proxies that run as a gateway.
fn has_known_pods(gateway: &GatewayFacts) -> bool {
    let mut ready = gateway.ready_pods().peekable();
    ready.peek().is_some() && ready.all(|pod| pod.proxy.is_some() && !pod.addresses.is_empty())
}

/// Whether these ways of a call are what happens.
pub(super) fn is_known(passages: &[Passage]) -> bool {
    let is_open =
        |passage: &Passage| matches!(passage.end, End::Refused(Refusal::NoEndpoint) | End::Undecided);
    !passages.is_empty() && !passages.iter().any(is_open)
}
