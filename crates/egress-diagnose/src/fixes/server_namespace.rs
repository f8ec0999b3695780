//! Servers of a gateway that are for the host of a call, and not for the namespace of its VirtualService.

use egress_core::istio::server::servers;
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::{MESH, gateway_name};
use serde_json::json;

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// The hosts of the server that excludes the VirtualService of a call, a sentence about it, and what lets it in; none where a
/// server accepts it. `NamesForNamespace` in `pkg/config/host/names.go`.
pub(super) fn excluded(view: &View<'_>, call: &RoutedCall<'_>) -> Option<(Place, String, Fix)> {
    let owner = call.route.id.namespace.as_str();
    let ports: Vec<i64> =
        call.entries(view).iter().map(|(port, _)| call.gateway.listens_on(i64::from(*port))).collect();
    let names = call.route.virtual_service()?.gateways.iter().flatten().filter(|name| *name != MESH);
    let objects: Vec<_> = names
        .filter_map(|name| {
            let full = gateway_name(name, owner);
            let (namespace, name) = full.split_once('/')?;
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            view.find(&ObjectId { kind: Kind::Gateway, namespace, name })
        })
        .collect();
    let of_host = objects.iter().flat_map(|object| servers(object, call.gateway));
    let of_host: Vec<_> =
        of_host.filter(|server| ports.contains(&server.listens_on) && server.covers(&call.host)).collect();
    let server = of_host.first().filter(|_| !of_host.iter().any(|one| one.admits(owner, &call.host)))?;
    let field = format!("{}.hosts", server.field());
    let place = Place::of(&server.object.id).field(field, server.spec.hosts.join(", "));
    let pattern = server.hosts().next().unwrap_or("*");
    let operation = json!({
        "op": "add",
        "path": format!("/spec/servers/{}/hosts/-", server.index),
        "value": format!("{owner}/{pattern}"),
    });
    let told = format!(
        "this server does not accept VirtualServices of namespace {owner}, such as {owner}/{}",
        call.route.id.name
    );
    let fix =
        fixes::patch(&server.object.id, &operation, "lets the server accept those of this namespace, too");
    Some((place, told, fix))
}
