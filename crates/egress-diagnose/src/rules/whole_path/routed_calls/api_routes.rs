//! Calls that routes of the Gateway API lead to a gateway, and the route and field that end them there.
//!
//! Tells nothing that istiod tells itself in the status of a route (EG074), nor what is wrong with a parent (EG094).

use egress_core::command::ShellCommand;
use egress_core::istio::call::{End, Hop, Passage, Refusal};
use egress_core::istio::gateway_api::ApiOrigin;
use egress_core::istio::simulation::{EndCause, overlap};
use egress_core::proxy::port_and_host;
use egress_core::related_resources::GatewayApiObject;
use egress_core::resource::{Resource, conditions};
use serde_json::{Value, json};

use super::api_gateways::{in_plaintext, kept_out, missing_service};
use super::code::{CODE, LEVEL};
use crate::did_you_mean::did_you_mean;
use crate::finding::{Candidates, Confidence, Finding, Fix, Place};
use crate::fixes;
use crate::fixes::detour;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// What is said of a call that a route leads astray, or ends. None where istiod tells it itself in the status of the route.
pub(super) fn told(view: &View<'_>, call: &RoutedCall<'_>, passage: &Passage) -> Option<Finding> {
    let objects = view.gateway_api().ok()?;
    if let Some(found) = cause(view, objects, call, passage) {
        return Some(found);
    }
    let origins = view.made().origins(&call.route.id);
    let route =
        origins.iter().filter_map(|origin| object(objects, origin)).find(|route| !is_refused(route))?;
    let message =
        format!("{} leads calls to {}:{} to {}", label(route), call.host, call.call.port, call.gateway.name);
    let evidence = detour::way(passage);
    let consequence = detour::consequence(passage, Some(call.caller));
    let field = ("spec.rules".to_owned(), call.call.port.to_string());
    Some(Finding { evidence, ..finding(route, message, field, &consequence) })
}

/// The route that ends a call; none where something else does.
fn cause(
    view: &View<'_>,
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<Finding> {
    let last = passage.hops.last()?;
    let End::Refused(refusal) = &passage.end else { return None };
    match refusal {
        Refusal::NoCluster => backend(view, objects, call, passage),
        Refusal::NoListener if passage.hops.len() == 1 => {
            if let Some(found) = missing_service(view, objects, call) {
                return Some(found);
            }
            let (route, field, value) = backend_of(view, objects, last)?;
            let message = format!(
                "{} leads calls to {} to port {value} of gateway {}, where no listener is",
                label(route),
                call.host,
                call.gateway.name
            );
            Some(finding(route, message, (field, value), "callers get 503 or a reset"))
        }
        Refusal::NoRoute | Refusal::NoFilterChain | Refusal::OtherProtocol if passage.hops.len() == 1 => {
            in_plaintext(view, objects, call, passage).or_else(|| unrouted(view, objects, call, passage))
        }
        _ => None,
    }
}

/// A backend that leads to no cluster: it may not be used, or has no such port.
fn backend(
    view: &View<'_>,
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<Finding> {
    let hop = passage.hops.last()?;
    let (route, field, value) = backend_of(view, objects, hop)?;
    let is_at_gateway = passage.hops.len() > 1;
    let by =
        if is_at_gateway { format!("at gateway {}", call.gateway.name) } else { "in sidecars".to_owned() };
    let cause = view.simulation().cause(&call.call, &call.host, call.route, passage);
    if let Some(EndCause::NotDeclared { host }) = cause.filter(|_| field.strip_suffix(".port").is_some()) {
        return Some(not_declared(view, call, route, (&field, &host), &by));
    }
    let is_denied = port_and_host(&hop.cluster).is_none_or(|(_, host)| host.is_empty());
    let message = if is_denied {
        format!("no ReferenceGrant lets {} lead calls to {} to namespace {value}", label(route), call.host)
    } else {
        format!("{} leads calls to {} {by} to port {value}, which does not exist", label(route), call.host)
    };
    Some(finding(route, message, (field, value), "callers get 500 or a reset"))
}

/// A backend that leads to a host that nothing declares: the called one or the gateway's Service was meant.
fn not_declared(
    view: &View<'_>,
    call: &RoutedCall<'_>,
    route: &GatewayApiObject,
    (field, host): (&str, &str),
    by: &str,
) -> Finding {
    let field = format!("{}.name", field.trim_end_matches(".port"));
    let entries = view.service_entries().filter_map(Resource::service_entry).flat_map(|spec| &spec.hosts);
    let gateway = view.meant_gateway(host).map(|gateway| gateway.name.service.clone());
    let meant = gateway
        .or_else(|| did_you_mean(host, entries.map(String::as_str)).map(str::to_owned))
        .unwrap_or_else(|| call.host.clone());
    let message = format!(
        "{} leads calls to {} {by} to {host}, which no Service and no ServiceEntry declares",
        label(route),
        call.host
    );
    let path = format!("/{}", field.replace('[', "/").replace(']', "").replace('.', "/"));
    let operations = json!([{ "op": "replace", "path": path, "value": meant }]);
    let kind = kind_of(route);
    let object = (kind.as_str(), route.object.name.as_str(), route.object.namespace.as_str());
    let named = fixes::patched(object, &operations, "names what exists");
    let value = host.split('.').next().filter(|_| host.contains(".svc.")).unwrap_or(host).to_owned();
    let found = finding(route, message, (field, value), "callers get 500 or a reset");
    let candidates = Candidates { fixes: vec![named], calls: vec![call.call.clone()] };
    Finding { fix: Fix { candidates, ..found.fix }, ..found }
}

/// The route of a hop, and the field of its backend with the hop's cluster.
pub(super) fn backend_of<'a>(
    view: &View<'_>,
    objects: &'a [GatewayApiObject],
    hop: &Hop,
) -> Option<(&'a GatewayApiObject, String, String)> {
    // Of a backend that may not be used istiod's cluster names no host.
    let (port, host) = port_and_host(&hop.cluster).unwrap_or_default();
    let origins = view.made().origins_of_route(hop.route.as_deref()?);
    let routes = origins.iter().filter_map(|origin| object(objects, origin));
    for route in routes.filter(|route| !is_refused(route)) {
        for (rule, backends) in rules(route) {
            for (place, backend) in backends.iter().enumerate() {
                let word = |key: &str| backend.get(key).and_then(Value::as_str).unwrap_or_default();
                let at = format!("spec.rules[{rule}].backendRefs[{place}]");
                let elsewhere = word("namespace");
                if host.is_empty() && !elsewhere.is_empty() && elsewhere != route.object.namespace {
                    return Some((route, format!("{at}.namespace"), elsewhere.to_owned()));
                }
                let is_it = host == word("name") || host.starts_with(&format!("{}.", word("name")));
                let number = backend.get("port").and_then(Value::as_i64);
                if !host.is_empty() && is_it && number == Some(i64::from(port)) {
                    return Some((route, format!("{at}.port"), port.to_string()));
                }
            }
        }
    }
    None
}

/// No route of the gateway takes the call: one of its Gateway may be meant to.
fn unrouted(
    view: &View<'_>,
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<Finding> {
    let came = view.simulation().entered(&call.call, &call.host, passage, 1)?;
    let gateways: Vec<&ApiOrigin> =
        came.servers.iter().flat_map(|server| view.made().origins(&server.gateway.id)).collect();
    let is_parent = |parent: &Value, route: &GatewayApiObject| {
        let word = |key: &str| parent.get(key).and_then(Value::as_str);
        word("kind").is_none_or(|kind| kind == "Gateway")
            && gateways.iter().any(|gateway| {
                word("name") == Some(&gateway.name)
                    && word("namespace").unwrap_or(&route.object.namespace) == gateway.namespace
            })
    };
    let leads = |route: &&GatewayApiObject| {
        let mut parents = list(&route.object.spec, "parentRefs").iter();
        let mut backends = rules(route).flat_map(|(_, backends)| backends);
        parents.any(|parent| is_parent(parent, route))
            && backends.any(|backend| backend.get("name").and_then(Value::as_str) == Some(&call.host))
    };
    let route = objects.iter().filter(|object| object.kind.ends_with("Route")).find(leads)?;
    let hostnames: Vec<&str> =
        list(&route.object.spec, "hostnames").iter().filter_map(Value::as_str).collect();
    if let Some(kept_out) = kept_out(route, &gateways, objects, call) {
        return Some(kept_out);
    }
    let servers = came.servers.iter();
    let admitted: Vec<String> = servers
        .flat_map(|server| view.made().objects().iter().filter(|made| made.id == server.gateway.id))
        .filter_map(|made| made.gateway()?.servers.as_deref())
        .flatten()
        .flat_map(|server| server.hosts.iter().filter_map(|host| Some(host.split_once('/')?.1.to_owned())))
        .collect();
    let meets = |name: &&str| admitted.iter().any(|host| overlap(host, name));
    // Of one that the listener admits another check tells why it is not attached.
    if is_refused(route)
        || hostnames.is_empty()
        || hostnames.iter().any(|name| meets(name) && overlap(name, &call.host))
    {
        return None;
    }
    let value = hostnames.join(", ");
    let message = format!(
        "{} leads to {} and is for {value}: gateway {} gets the calls for {}",
        label(route),
        call.host,
        call.gateway.name,
        admitted.join(", ")
    );
    Some(finding(route, message, ("spec.hostnames".to_owned(), value), "callers get 404 or a reset"))
}

pub(super) fn finding(
    route: &GatewayApiObject,
    message: String,
    (field, value): (String, String),
    consequence: &str,
) -> Finding {
    let (namespace, name) = (&route.object.namespace, &route.object.name);
    let kind = kind_of(route);
    Finding {
        code: CODE,
        confidence: Confidence::Certain,
        level: LEVEL,
        message,
        object: Place::new(&route.kind, Some(namespace), name).field(&field, &value),
        evidence: Vec::new(),
        consequence: consequence.to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "edit"]).object(&kind, name).in_namespace(namespace),
            "opens the route, to correct this field",
        ),
    }
}

fn kind_of(route: &GatewayApiObject) -> String {
    format!("{}.gateway.networking.k8s.io", route.kind.to_ascii_lowercase())
}

pub(super) fn label(route: &GatewayApiObject) -> String {
    format!("{} {}/{}", route.kind, route.object.namespace, route.object.name)
}

pub(super) fn object<'a>(
    objects: &'a [GatewayApiObject],
    origin: &ApiOrigin,
) -> Option<&'a GatewayApiObject> {
    objects.iter().find(|it| ApiOrigin::of(it) == *origin)
}

/// Whether a controller says itself that a route has no effect.
fn is_refused(route: &GatewayApiObject) -> bool {
    let mut parents = list(&route.status, "parents").iter();
    parents.any(|parent| {
        conditions(parent)
            .iter()
            .any(|found| !found.holds && ["Accepted", "ResolvedRefs"].contains(&found.kind.as_str()))
    })
}

pub(super) fn rules(route: &GatewayApiObject) -> impl Iterator<Item = (usize, &[Value])> {
    list(&route.object.spec, "rules").iter().map(|rule| list(rule, "backendRefs")).enumerate()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
