//! The routes of a path according to the objects: from the sidecar to the gateway, and from the gateway to the host.
//!
//! Knows why a route at the gateway can be missing: one check for each cause. Writes no messages.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::istio::call::Speaks;
pub(crate) use egress_core::istio::server::selects;
use egress_core::istio::server::servers;
use egress_core::port::Protocol;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::exported_to;
use egress_core::visibility::virtual_service::{MESH, gateway_name};

use crate::finding::CheckOutcome;
use crate::istio::routes::{Route, routes};
use crate::path::EgressPath;
use crate::traffic::routed_call::{RoutedCall, RoutedEnd, can_be_followed, routed_calls_to};
use crate::view::{Direction, View};
use egress_core::input::Input;

/// A protocol of a path for which the gateway has no route.
pub(crate) struct MissingRoute<'a> {
    /// The protocol.
    pub(crate) protocol: Protocol,
    /// Why there is none.
    pub(crate) cause: MissingRouteCause<'a>,
}

/// Why a gateway has no route for a host.
pub(crate) enum MissingRouteCause<'a> {
    /// Nothing routes the host at a Gateway object of these pods.
    NothingBound,
    /// A VirtualService routes it, but the gateway's namespace does not see it.
    Hidden(&'a Resource),
    /// A VirtualService names a Gateway object that does not exist.
    NoGatewayObject(&'a Resource, String),
    /// A VirtualService is bound to a Gateway object that does not select these pods.
    NotSelected(&'a Resource),
    /// A VirtualService is bound to a Gateway object without a server for the host, or without one that accepts it from the
    /// namespace of the VirtualService.
    NotServed {
        /// The VirtualService.
        route: &'a Resource,
        /// The Gateway object.
        object: &'a Resource,
    },
}

/// The gateway of a path if the Istio objects of its namespace were read; else the outcome of the check. Without these
/// objects, routes would look missing and subsets hidden.
pub(crate) fn seen_gateway<'a>(
    view: &View<'_>,
    path: &EgressPath<'a>,
) -> Result<&'a GatewayFacts, CheckOutcome> {
    let gateway = path.gateway.ok_or(CheckOutcome::NotApplicable)?;
    view.sees(Some(&gateway.name.namespace)).map_err(CheckOutcome::Unreadable)?;
    Ok(gateway)
}

/// The routes of the path's own objects to the gateway's Service, with any visibility.
pub(crate) fn to_gateway<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<Route<'a>> {
    view.note(Input::VirtualServices);
    view.routes(Direction::ToGateway, path, gateway, || find_to_gateway(view, path, gateway))
}

fn find_to_gateway<'a>(view: &View<'a>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<Route<'a>> {
    let service = view.service_host(gateway);
    let own = view.virtual_services(&path.host).into_iter().filter(|resource| path.owns(&resource.id));
    own.flat_map(|resource| routes(resource, MESH, &path.host))
        .filter(|route| route.host == service)
        .collect()
}

/// The routes of the host at the gateway, from all VirtualServices that its pods see. Behind mesh mTLS, a TLS server
/// may have another name for the host; then the VirtualService has it, too.
pub(crate) fn from_gateway<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<Route<'a>> {
    view.note(Input::VirtualServices);
    view.note(Input::GatewayObjects);
    view.routes(Direction::FromGateway, path, gateway, || find_from_gateway(view, path, gateway))
}

fn find_from_gateway<'a>(view: &View<'a>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<Route<'a>> {
    let mut found = at_server(view, path, gateway, &path.host);
    for resource in view.virtual_services(&path.host) {
        let Some(spec) = resource.virtual_service().filter(|spec| spec.tcp.is_some()) else { continue };
        let names = spec.hosts.iter().flatten().filter(|name| **name != path.host);
        for route in names.flat_map(|name| at_server(view, path, gateway, name)) {
            let known = found.iter().any(|other| {
                other.resource.id == route.resource.id
                    && other.field == route.field
                    && other.port == route.port
            });
            if !known {
                found.push(route);
            }
        }
    }
    found
}

/// The routes of a path behind the gateway's servers for one SNI.
fn at_server<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    server: &str,
) -> Vec<Route<'a>> {
    by_server(view, path, gateway, server).into_iter().map(|(_, route)| route).collect()
}

/// The same, each with the Gateway object whose servers it is behind.
pub(crate) fn by_server<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    server: &str,
) -> Vec<(&'a Resource, Route<'a>)> {
    let serving = view.gateway_objects_for(server).into_iter().filter(|object| selects(object, gateway));
    serving
        .flat_map(|object| {
            let name = name_of(object);
            let seen = view.gateway_routes(&object.id, server, &gateway.name.namespace);
            let bound = seen.into_iter().filter(|route| accepts(object, gateway, route, server));
            let routes = bound.flat_map(move |resource| routes(resource, &name, &path.host));
            routes.map(move |route| (object, route))
        })
        .collect()
}

/// The gateway's destinations for the host: from the path's own routes if there are any, else from all.
pub(crate) fn upstreams<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<Route<'a>> {
    let service = view.service_host(gateway);
    // EG016 reports a route back to the gateway.
    let leaving = from_gateway(view, path, gateway).into_iter().filter(|route| route.host != service);
    let (own, others): (Vec<_>, Vec<_>) = leaving.partition(|route| path.owns(&route.resource.id));
    if own.is_empty() { others } else { own }
}

/// How many protocols have routes to the gateway and from it.
pub(crate) fn complete_protocols(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> usize {
    let there: BTreeSet<Protocol> =
        from_gateway(view, path, gateway).iter().map(|route| route.protocol).collect();
    let wanted: BTreeSet<Protocol> =
        to_gateway(view, path, gateway).iter().map(|route| route.protocol).collect();
    wanted.intersection(&there).count()
}

/// The protocols with routes to the gateway, but none from it.
pub(crate) fn missing_routes<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
) -> Vec<MissingRoute<'a>> {
    let there: BTreeSet<Protocol> =
        from_gateway(view, path, gateway).iter().map(|route| route.protocol).collect();
    let wanted: BTreeSet<Protocol> =
        to_gateway(view, path, gateway).iter().map(|route| route.protocol).collect();
    let lacking = wanted.difference(&there);
    lacking
        .map(|protocol| MissingRoute { protocol: *protocol, cause: cause(view, path, gateway, *protocol) })
        .collect()
}

/// Whether every call of a protocol that the path's routes send to the gateway leaves there as they want, also by rules that no
/// object shows alone, such as those of a delegate.
pub(crate) fn arrives(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    protocol: Protocol,
) -> bool {
    if can_be_followed(view).is_err() {
        return false;
    }
    let routes: BTreeMap<&ObjectId, &Resource> = to_gateway(view, path, gateway)
        .into_iter()
        .filter(|route| route.protocol == protocol)
        .map(|route| (&route.resource.id, route.resource))
        .collect();
    let is_of_protocol = |call: &RoutedCall<'_>| match protocol {
        Protocol::Http => matches!(call.call.speaks, Speaks::Http { .. }),
        Protocol::Tls => matches!(call.call.speaks, Speaks::Tls { .. }),
    };
    let calls = routes
        .values()
        .flat_map(|route| routed_calls_to(view, route, Some(&path.callers), |host| host == path.host));
    let calls: Vec<RoutedCall<'_>> = calls.filter(is_of_protocol).collect();
    !calls.is_empty() && calls.iter().all(|call| matches!(call.end(view), RoutedEnd::AsWanted))
}

/// What happens to calls that reach a gateway without a route for them.
pub(crate) fn end_at_gateway(protocol: Protocol, host: &str) -> String {
    match protocol {
        Protocol::Http => {
            format!(
                "HTTP calls to {host} end at the gateway: 404, or 503 where no other object opens the port"
            )
        }
        Protocol::Tls => format!("TLS calls to {host} are reset by the gateway"),
    }
}

/// The name of a Gateway object in VirtualServices.
pub(crate) fn name_of(object: &Resource) -> String {
    format!("{}/{}", object.id.namespace, object.id.name)
}

fn cause<'a>(
    view: &View<'a>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    protocol: Protocol,
) -> MissingRouteCause<'a> {
    let viewer = &gateway.name.namespace;
    for resource in view.virtual_services(&path.host) {
        let Some(spec) = resource.virtual_service() else { continue };
        for name in spec.gateways.iter().flatten().filter(|name| *name != MESH) {
            let name = gateway_name(name, &resource.id.namespace);
            if !routes(resource, &name, &path.host).iter().any(|route| route.protocol == protocol) {
                continue;
            }
            let Some(object) = named(view, &name) else {
                return MissingRouteCause::NoGatewayObject(resource, name);
            };
            if !selects(object, gateway) {
                return MissingRouteCause::NotSelected(object);
            }
            let is_serving =
                view.gateway_objects_for(&path.host).iter().any(|serving| serving.id == object.id);
            if !is_serving || !accepts(object, gateway, resource, &path.host) {
                return MissingRouteCause::NotServed { route: resource, object };
            }
            if !exported_to(spec.export_to.as_deref(), &resource.id.namespace, viewer) {
                return MissingRouteCause::Hidden(resource);
            }
        }
    }
    MissingRouteCause::NothingBound
}

/// Whether a server of a Gateway object accepts a host from the namespace of a VirtualService. `NamesForNamespace` in
/// `pkg/config/host/names.go`.
fn accepts(object: &Resource, gateway: &GatewayFacts, route: &Resource, host: &str) -> bool {
    servers(object, gateway).any(|server| server.admits(&route.id.namespace, host))
}

/// The Gateway object with this name in VirtualServices.
fn named<'a>(view: &View<'a>, name: &str) -> Option<&'a Resource> {
    let (namespace, name) = name.split_once('/')?;
    let (kind, namespace, name) = (Kind::Gateway, namespace.to_owned(), name.to_owned());
    view.find(&ObjectId { kind, namespace, name })
}
