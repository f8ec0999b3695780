//! The users of a server: the VirtualServices bound to its Gateway object, with the hosts that they route there.
//!
//! Does not know whether istiod keeps the server.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::exported_to;
use egress_core::visibility::virtual_service::gateway_name;

use super::{DroppedServer, MergedServers};
use crate::istio::listeners::{Follows, Server};
use crate::istio::routes::{Route, routes};
use crate::traffic::routes::name_of;
use crate::view::View;

/// The VirtualServices that the gateway's pods see, by the Gateway objects they name.
pub(crate) struct ServerUsers<'a> {
    /// The namespace of the pods.
    viewer: String,
    bound: BTreeMap<String, Vec<&'a Resource>>,
    kept: BTreeMap<(&'a ObjectId, i64), Vec<Server<'a>>>,
}

/// A VirtualService that routes a host of a server.
pub(crate) struct ServerUser<'a> {
    /// The VirtualService.
    pub(crate) resource: &'a Resource,
    /// The host, which may be a wildcard.
    pub(crate) host: &'a str,
    /// Where it sends the host first.
    pub(crate) route: Route<'a>,
}

impl<'a> ServerUsers<'a> {
    pub(crate) fn new(view: &View<'a>, gateway: &GatewayFacts, merged: &MergedServers<'a>) -> Self {
        view.note(Input::VirtualServices);
        let mut bound: BTreeMap<String, Vec<&Resource>> = BTreeMap::new();
        for resource in view.index().of_kind(Kind::VirtualService) {
            let Some(spec) = resource.virtual_service() else { continue };
            let namespace = &resource.id.namespace;
            if !sees(&gateway.name.namespace, resource) {
                continue;
            }
            let names = spec.gateways.iter().flatten().map(|name| gateway_name(name, namespace));
            for name in names.collect::<BTreeSet<String>>() {
                bound.entry(name).or_default().push(resource);
            }
        }
        let mut kept: BTreeMap<(&ObjectId, i64), Vec<Server<'a>>> = BTreeMap::new();
        for server in &merged.kept {
            kept.entry((&server.object.id, server.listens_on)).or_default().push(*server);
        }
        ServerUsers { viewer: gateway.name.namespace.clone(), bound, kept }
    }

    /// The users of a server.
    pub(crate) fn of(&self, server: &Server<'a>) -> Vec<ServerUser<'a>> {
        let bound = self.bound.get(&name_of(server.object)).into_iter().flatten();
        let hosts = bound.flat_map(|resource| {
            let hosts = resource.virtual_service().and_then(|spec| spec.hosts.as_ref());
            hosts.into_iter().flatten().map(move |host| (*resource, host.as_str()))
        });
        hosts
            .filter_map(|(resource, host)| {
                Some(ServerUser { resource, host, route: served_by(server, resource, host)? })
            })
            .collect()
    }

    /// The users of a dropped server whose host no kept server has.
    pub(crate) fn lost(&self, view: &View<'a>, dropped: &DroppedServer<'a>) -> Vec<ServerUser<'a>> {
        let mut users = self.of(&dropped.server);
        users.retain(|user| !self.is_served(view, &dropped.server, user.host));
        users
    }

    fn is_served(&self, view: &View<'a>, dropped: &Server<'a>, host: &str) -> bool {
        let objects = view.gateway_objects_for(host).into_iter();
        let servers = objects.filter_map(|object| self.kept.get(&(&object.id, dropped.listens_on)));
        let alike = servers.flatten().filter(|server| server.follows() == dropped.follows());
        let routes = view.virtual_services(host).into_iter().filter(|resource| sees(&self.viewer, resource));
        let routes: Vec<&Resource> = routes.collect();
        alike
            .into_iter()
            .any(|server| routes.iter().any(|resource| served_by(server, resource, host).is_some()))
    }
}

/// Whether a VirtualService applies to the pods of a namespace.
fn sees(viewer: &str, resource: &Resource) -> bool {
    let spec = resource.virtual_service();
    spec.is_some_and(|spec| exported_to(spec.export_to.as_deref(), &resource.id.namespace, viewer))
}

/// The first route of a VirtualService for a host behind a server.
fn served_by<'a>(server: &Server<'_>, resource: &'a Resource, host: &str) -> Option<Route<'a>> {
    if !server.admits(&resource.id.namespace, host) {
        return None;
    }
    let rules = match server.follows() {
        Follows::Http => "spec.http",
        Follows::Tls => "spec.tls",
        Follows::Tcp => "spec.tcp",
    };
    let number = server.spec.port.number;
    let takes = |route: &Route<'_>| {
        route.field.starts_with(rules) && route.port.is_none_or(|port| i64::from(port) == number)
    };
    routes(resource, &name_of(server.object), host).into_iter().find(takes)
}
