//! Calls to a host that no rule sends to a gateway: where they end.
//!
//! The way of a call is computed by [`egress_core::istio::simulation`]. Writes no messages.

use egress_core::istio::call::{Call, End, Passage, Refusal};
use egress_core::istio::protocol::PortProtocol;
use egress_core::resource::Resource;

use crate::traffic::host_call::{ANYWHERE, SpokenProtocol, address_of};
use crate::traffic::routed_call::{callers as callers_of, can_be_computed, moving_filters};
use crate::view::View;

/// Whether all calls of these namespaces to a host leave from the callers' nodes, as istiod would configure their sidecars;
/// also where that cannot be computed. To one port, or to all that the entry declares.
pub(crate) fn leave_directly(
    view: &View<'_>,
    entry: &Resource,
    host_and_port: (&str, Option<u16>),
    callers: &[&str],
) -> bool {
    if can_be_computed(view).is_err() {
        return true;
    }
    let namespaces: Vec<String> = callers.iter().map(|caller| (*caller).to_owned()).collect();
    let mut passages = passages(view, entry, host_and_port, &namespaces).into_iter();
    let is_open = moving_filters(view).next().is_some();
    passages.all(|passage| match passage.end {
        End::Leaves { .. } => passage.hops.len() == 1,
        End::Undecided => is_open,
        End::Arrives { .. } | End::Refused(_) => false,
    })
}

/// A call that the sidecar of a caller refuses, because nothing there is for it.
pub(crate) fn refused_call(
    view: &View<'_>,
    entry: &Resource,
    (host, port): (&str, u16),
    callers: &[String],
) -> Option<Passage> {
    let is_refused = |passage: &Passage| {
        passage.hops.is_empty()
            && matches!(
                passage.end,
                End::Refused(Refusal::Blocked | Refusal::NoFilterChain | Refusal::NoRoute)
            )
    };
    passages(view, entry, (host, Some(port)), callers).into_iter().find(is_refused)
}

fn passages(
    view: &View<'_>,
    entry: &Resource,
    (host, port): (&str, Option<u16>),
    callers: &[String],
) -> Vec<Passage> {
    let Some(spec) = entry.service_entry() else { return Vec::new() };
    let pods = callers_of(view, (&entry.id.namespace, spec.export_to.as_deref()), Some(callers));
    let declared = spec.ports.iter().flatten().filter_map(|declared| {
        let number = u16::try_from(declared.number).ok()?;
        let protocol = PortProtocol::parse(declared.protocol.as_deref().unwrap_or_default());
        let is_meant = port.is_none_or(|port| port == number);
        (is_meant && protocol != PortProtocol::Udp).then(|| (number, SpokenProtocol::of(protocol)))
    });
    let ports: Vec<(u16, SpokenProtocol)> = declared.collect();
    let address = address_of(spec).unwrap_or(ANYWHERE);
    let calls = pods.iter().flat_map(|pod| {
        ports.iter().map(|(port, spoken)| Call {
            caller: format!("{}/{}", pod.namespace, pod.name),
            address,
            port: *port,
            speaks: spoken.speaks(host, *port),
        })
    });
    calls.flat_map(|call| view.simulation().passages(&call)).collect()
}
