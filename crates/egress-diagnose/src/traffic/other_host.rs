//! Calls that leave through a gateway, and for another host than the one that was called.
//!
//! Knows clusters, routes and addresses. Writes no messages.

use egress_core::istio::call::{End, Passage};
use egress_core::proxy::port_and_host;
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use egress_core::visibility::host_matches;

use crate::view::View;

/// Whether a call to a host leaves for another: by a route that is not for the host, to a cluster that is not the host's. A
/// route for the host may lead wherever it wants.
pub(crate) fn leaves_for_another(view: &View<'_>, host: &str, passage: &Passage) -> bool {
    let (End::Leaves { to, .. }, Some(last)) = (&passage.end, passage.hops.last()) else { return false };
    let Some((_, cluster)) = port_and_host(&last.cluster) else { return false };
    let is_it = |name: &str| name.eq_ignore_ascii_case(host);
    if is_it(to) || is_it(cluster) {
        return false;
    }
    // A route of the Gateway API is for the hosts of its parent.
    if last.route.as_ref().is_some_and(|name| !view.made().origins_of_route(name).is_empty()) {
        return false;
    }
    let route = last.route.as_ref().and_then(|name| {
        let (namespace, name) = name.split_once('/')?;
        let id =
            ObjectId { kind: Kind::VirtualService, namespace: namespace.to_owned(), name: name.to_owned() };
        view.find(&id)?.virtual_service()
    });
    let is_for_host = route.is_some_and(|spec| {
        let hosts = spec.hosts.as_deref().unwrap_or_default();
        // What a delegate takes is for the hosts of its root.
        hosts.is_empty() || hosts.iter().any(|pattern| host_matches(pattern, host))
    });
    let entries = view.index().service_entries(host);
    let has_address = entries.iter().filter_map(|entry| entry.service_entry()).any(|spec| {
        let endpoints = spec.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.as_ref());
        spec.addresses.iter().flatten().chain(endpoints).any(|address| address == to)
    });
    !is_for_host && !has_address
}
