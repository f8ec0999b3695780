//! Faults of Gateways of the Gateway API that end the calls of routes: a listener that keeps routes out, one that wants mesh mTLS,
//! and a Service that does not exist.

use egress_core::istio::call::Passage;
use egress_core::istio::gateway_api::ApiOrigin;
use egress_core::proxy::port_and_host;
use egress_core::related_resources::GatewayApiObject;
use egress_core::resource::Resource;
use egress_istio::gateway::GatewayServersTlsMode::IstioMutual;
use serde_json::{Value, json};

use super::api_routes::{backend_of, finding, label, list, object, rules};
use super::code::{CODE, LEVEL};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// Sidecars send plaintext to a listener that wants mesh mTLS.
pub(super) fn in_plaintext(
    view: &View<'_>,
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<Finding> {
    let hop = passage.hops.last().filter(|hop| hop.tls.is_none())?;
    let came = view.simulation().entered(&call.call, &call.host, passage, 1)?;
    let is_mesh = |made: &&Resource| {
        let mut servers = made.gateway().into_iter().flat_map(|spec| spec.servers.iter().flatten());
        came.servers.iter().any(|server| server.gateway.id == made.id)
            && servers.any(|server| server.tls.as_ref().is_some_and(|tls| tls.mode == Some(IstioMutual)))
    };
    view.made().objects().iter().find(is_mesh)?;
    let (port, host) = port_and_host(&hop.cluster)?;
    let (route, field, value) = backend_of(view, objects, hop)?;
    let message = format!(
        "{} leads calls to {} in plaintext to port {port} of gateway {}, which expects mesh mTLS",
        label(route),
        call.host,
        call.gateway.name
    );
    let tls = json!({ "mode": "ISTIO_MUTUAL", "sni": call.host });
    let policy = json!({ "portLevelSettings": [{ "port": { "number": port }, "tls": tls }] });
    let gateway = &call.gateway.name;
    let rule = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": { "name": gateway.service, "namespace": gateway.namespace },
        "spec": { "host": host, "trafficPolicy": policy },
    });
    let found = finding(route, message, (field, value), "callers get 503 or a reset");
    let fix = fixes::apply(&rule, "lets sidecars open mesh mTLS to the gateway");
    Some(Finding { fix, ..found })
}

/// The Gateway that routes for the host name is for a Service that does not exist.
pub(super) fn missing_service(
    view: &View<'_>,
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
) -> Option<Finding> {
    let leads = |route: &&GatewayApiObject| {
        let mut backends = rules(route).flat_map(|(_, backends)| backends);
        route.kind.ends_with("Route")
            && backends.any(|backend| backend.get("name").and_then(Value::as_str) == Some(&call.host))
    };
    let is_parent = |parent: &Value, route: &GatewayApiObject, gateway: &GatewayApiObject| {
        let word = |key: &str| parent.get(key).and_then(Value::as_str);
        word("kind").is_none_or(|kind| kind == "Gateway")
            && word("name") == Some(&gateway.object.name)
            && word("namespace").unwrap_or(&route.object.namespace) == gateway.object.namespace
    };
    let gateways = objects.iter().filter(|object| object.kind == "Gateway");
    let used = gateways.filter(|gateway| {
        objects.iter().filter(leads).any(|route| {
            list(&route.object.spec, "parentRefs").iter().any(|parent| is_parent(parent, route, gateway))
        })
    });
    let (gateway, place, named) = used
        .flat_map(|gateway| {
            let addresses = list(&gateway.object.spec, "addresses").iter().enumerate();
            addresses.filter_map(move |(place, address)| {
                Some((gateway, place, address.get("value").and_then(Value::as_str)?))
            })
        })
        .find(|(gateway, _, named)| {
            view.is_missing_service(&view.full_host(named, &gateway.object.namespace))
        })?;
    let (namespace, name) = (gateway.object.namespace.as_str(), gateway.object.name.as_str());
    let operations = json!([{
        "op": "replace",
        "path": format!("/spec/addresses/{place}/value"),
        "value": view.service_host(call.gateway),
    }]);
    let target = ("gateway.gateway.networking.k8s.io", name, namespace);
    Some(Finding {
        code: CODE,
        confidence: Confidence::Certain,
        level: LEVEL,
        message: format!(
            "Gateway {namespace}/{name} has listeners for {}, and its Service does not exist",
            call.host
        ),
        object: Place::new("Gateway", Some(namespace), name)
            .field(format!("spec.addresses[{place}].value"), named),
        evidence: vec![format!("calls go to gateway {}, which has no listener", call.gateway.name)],
        consequence: "callers get 503 or a reset".to_owned(),
        fix: fixes::patched(target, &operations, "names the Service that the calls go to"),
    })
}

/// No listener of the gateway admits routes of the route's namespace.
pub(super) fn kept_out(
    route: &GatewayApiObject,
    gateways: &[&ApiOrigin],
    objects: &[GatewayApiObject],
    call: &RoutedCall<'_>,
) -> Option<Finding> {
    let namespace = route.object.namespace.as_str();
    let mut elsewhere = gateways.iter().filter(|origin| origin.namespace != namespace);
    let gateway = elsewhere.find_map(|origin| object(objects, origin))?;
    let listeners = list(&gateway.object.spec, "listeners");
    let from = |listener: &Value| {
        let from = listener.pointer("/allowedRoutes/namespaces/from").and_then(Value::as_str);
        from.unwrap_or("Same").to_owned()
    };
    let place = listeners.iter().position(|listener| from(listener) == "Same")?;
    if listeners.iter().any(|listener| from(listener) != "Same") {
        return None;
    }
    let home = gateway.object.namespace.as_str();
    let key = "kubernetes.io/metadata.name";
    let expression = json!({ "key": key, "operator": "In", "values": [home, namespace] });
    let admitted = json!({ "from": "Selector", "selector": { "matchExpressions": [expression] } });
    let path = format!("/spec/listeners/{place}/allowedRoutes");
    let operations = json!([{ "op": "add", "path": path, "value": { "namespaces": admitted } }]);
    let target = ("gateway.gateway.networking.k8s.io", gateway.object.name.as_str(), home);
    let field = format!("spec.listeners[{place}].allowedRoutes.namespaces.from");
    Some(Finding {
        code: CODE,
        confidence: Confidence::Certain,
        level: LEVEL,
        message: format!(
            "{} leads to {} at a gateway that admits no routes of namespace {namespace}",
            label(route),
            call.host
        ),
        object: Place::new("Gateway", Some(home), &gateway.object.name).field(field, "Same"),
        evidence: vec![format!("listeners of {home}/{} admit routes of {home} alone", gateway.object.name)],
        consequence: "callers get 404 or a reset".to_owned(),
        fix: fixes::patched(target, &operations, "lets the listener accept routes of that namespace"),
    })
}
