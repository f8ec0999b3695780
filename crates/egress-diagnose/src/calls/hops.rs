//! The hops of a passage with the objects that decided at each proxy.

use egress_core::istio::call::{Call, End, Hop, Passage, Refusal};
use egress_core::istio::simulation::EnteredGateway;
use egress_core::proxy::port_and_host;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::visibility::creation_order;
use egress_core::visibility::service_entry::in_precedence;

use super::only_rule::only_rule;
use super::{OpenedTls, WayHop};
use crate::finding::Place;
use crate::view::View;

/// The hops, and behind them the gateway that refused the call, if one did.
pub(super) fn hops(view: &View<'_>, call: &Call, host: &str, passage: &Passage) -> Vec<WayHop> {
    let mut found: Vec<WayHop> = Vec::new();
    for (number, hop) in passage.hops.iter().enumerate() {
        let came = view.simulation().entered(call, host, passage, number);
        let (route, rule) = (hop.route.as_deref(), hop.rule.as_deref());
        found.push(WayHop {
            pods: if number == 0 { Vec::new() } else { vec![hop.proxy.clone()] },
            port: came.as_ref().map(|came| came.port),
            server: came.as_ref().and_then(|came| server(view, came)),
            route: route.and_then(|route| {
                let called = (number == 0).then_some(call.port);
                deciding(view, route, &hop.cluster, called)
            }),
            cluster: Some(hop.cluster.clone()),
            service: service(view, hop),
            rule: rule.and_then(|rule| match view.made().origins_of_rule(rule) {
                [] => Some(Place::of(&named(Kind::DestinationRule, rule)?)),
                [origin, ..] => Some(Place::new(&origin.kind, Some(&origin.namespace), &origin.name)),
            }),
            tls: hop
                .tls
                .as_ref()
                .map(|tls| OpenedTls { is_mesh: tls.is_mesh, server_name: tls.server_name.clone() }),
        });
    }
    let refuses = !matches!(
        passage.end,
        End::Leaves { .. } | End::Arrives { .. } | End::Refused(Refusal::NoCluster | Refusal::NoEndpoint)
    );
    let refusing = view.simulation().entered(call, host, passage, passage.hops.len()).filter(|_| refuses);
    found.extend(refusing.map(|came| WayHop {
        server: server(view, &came).filter(|_| passage.end != End::Refused(Refusal::NoListener)),
        pods: came.pods,
        port: Some(came.port),
        route: None,
        cluster: None,
        service: None,
        rule: None,
        tls: None,
    }));
    found
}

/// The server that took a call; none where several may have.
fn server(view: &View<'_>, came: &EnteredGateway<'_>) -> Option<Place> {
    let [server] = came.servers.as_slice() else { return None };
    if let [origin, ..] = view.made().origins(&server.gateway.id) {
        return Some(Place::new(&origin.kind, Some(&origin.namespace), &origin.name));
    }
    let field = format!("spec.servers[{}]", server.index);
    Some(Place { field: Some(field), ..Place::of(&server.gateway.id) })
}

/// An object by `namespace/name`.
fn named(kind: Kind, name: &str) -> Option<ObjectId> {
    let (namespace, name) = name.split_once('/')?;
    Some(ObjectId { kind, namespace: namespace.to_owned(), name: name.to_owned() })
}

/// The ServiceEntry or Service that a cluster is made of: of several ServiceEntries the oldest.
pub(super) fn service(view: &View<'_>, hop: &Hop) -> Option<Place> {
    let (_, host) = port_and_host(&hop.cluster)?;
    let Some(namespace) = hop.service_namespace.as_deref() else {
        // Envoy does not say whose cluster it is that asks DNS for the name of each call.
        let caller = hop.proxy.split_once('/')?.0;
        let seen = in_precedence(declaring(view, host), caller);
        return seen.first().map(|entry| Place::of(&entry.id));
    };
    let domain = &view.mesh().cluster_domain;
    let is_it = |name: &str| format!("{name}.{namespace}.svc.{domain}") == host;
    let services = view.services().unwrap_or_default();
    if let Some(facts) = services.iter().find(|facts| facts.namespace == namespace && is_it(&facts.name)) {
        return Some(Place::new("Service", Some(namespace), &facts.name));
    }
    let of_namespace = |entry: &&Resource| entry.id.namespace == namespace;
    let oldest = declaring(view, host)
        .into_iter()
        .filter(of_namespace)
        .min_by(|one, other| creation_order(one).cmp(&creation_order(other)));
    oldest.map(|entry| Place::of(&entry.id))
}

/// The ServiceEntries of exactly this host or wildcard.
pub(super) fn declaring<'a>(view: &View<'a>, host: &str) -> Vec<&'a Resource> {
    if !host.starts_with('*') {
        return view.entries(host);
    }
    let declares = |entry: &&Resource| {
        entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|name| name == host))
    };
    view.service_entries().filter(declares).collect()
}

/// The VirtualService of a hop, with its rule where only one leads to the cluster. `called` is the port that a caller called.
pub(super) fn deciding(view: &View<'_>, route: &str, cluster: &str, called: Option<u16>) -> Option<Place> {
    // What istiod makes of the Gateway API is known by the objects that people wrote.
    if let [origin, ..] = view.made().origins_of_route(route) {
        return Some(Place::new(&origin.kind, Some(&origin.namespace), &origin.name));
    }
    let id = named(Kind::VirtualService, route)?;
    let field = view.find(&id).and_then(|resource| only_rule(view.mesh(), resource, cluster, called));
    Some(Place { field, ..Place::of(&id) })
}
