//! Egresses by the Gateway API: Gateways of istiod, routes of hosts to them and from them, and grants.
//!
//! A share of the clusters has them, by a random stream of its own. Knows nothing of waypoints.

use serde_json::{Value, json};

use super::{
    entries,
    pools::{GatewayService, Pools},
};
use crate::oracle::cluster::{is, list, name, namespace};
use crate::oracle::random::Random;

mod policies;
mod routes;

/// How often, of a hundred clusters, there are objects of it.
const SHARE: usize = 25;
/// How often, of a hundred values, one does not fit.
const SLIPS: usize = 6;
/// When objects were created.
const AGES: &[&str] = &["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];

/// A host, and the gateway that its calls pass.
struct ApiEgress {
    host: String,
    /// The ServiceEntry: namespace and name.
    entry: (String, String),
    /// The port of the entry.
    port: u16,
    gateway: ApiGateway,
}

/// A Gateway, and the Service before it.
#[derive(Clone)]
struct ApiGateway {
    namespace: String,
    name: String,
    service: String,
    /// Port, protocol and section of each listener.
    listeners: Vec<(u16, &'static str, String)>,
    /// The ListenerSet that has the listeners: namespace and name.
    set: Option<(String, String)>,
}

/// Adds the objects of some egresses, in some clusters.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    if !random.percent(SHARE) {
        return;
    }
    let (made, gateway) = gateway(random, pools);
    objects.extend(made);
    let mut entries: Vec<Value> = objects.iter().filter(|it| is(it, "ServiceEntry")).cloned().collect();
    if entries.is_empty() {
        let host = random.text(&pools.hosts);
        let entry = entries::make(random, pools, &host);
        objects.push(entry.clone());
        entries.push(entry);
    }
    for _ in 0..random.between(1, 3) {
        let Some(entry) = random.of_all(&entries) else { continue };
        let ports = list(entry, "/spec/ports");
        let port = random.of_all(ports).and_then(|port| port["number"].as_u64());
        let egress = ApiEgress {
            host: list(entry, "/spec/hosts").first().and_then(Value::as_str).unwrap_or_default().to_owned(),
            entry: (namespace(entry).to_owned(), name(entry).to_owned()),
            port: port.and_then(|port| u16::try_from(port).ok()).unwrap_or(80),
            gateway: gateway.clone(),
        };
        objects.extend(routes::make(random, pools, &egress));
    }
    for _ in 0..random.below(3) {
        if let Some(entry) = random.of_all(&entries) {
            objects.push(policies::make(random, pools, entry));
        }
    }
}

/// A Gateway with a deployment of its own, or before the pods of another.
fn gateway(random: &mut Random, pools: &mut Pools) -> (Vec<Value>, ApiGateway) {
    let host = random.text(&pools.hosts);
    let mut listeners = Vec::new();
    let mut known = Vec::new();
    for number in 0..random.between(1, 3) {
        let (port, protocol, mode) = *random
            .of_all(&[
                (80, "HTTP", ""),
                (80, "HTTP", ""),
                (443, "TLS", "Passthrough"),
                (443, "HTTPS", "ISTIO_MUTUAL"),
                (9000, "TCP", ""),
                (443, "TLS", "ISTIO_MUTUAL"),
            ])
            .unwrap_or(&(80, "HTTP", ""));
        let section = format!("section-{number}");
        let mut listener = json!({ "name": section, "port": port, "protocol": protocol });
        if protocol != "TCP" && random.percent(50) {
            listener["hostname"] = match random.below(4) {
                0 => Pools::below(random, &host).trim_start_matches('*').trim_start_matches('.').into(),
                1 => random.word(&["*.com", "*.example.com", "*.org"]).into(),
                _ => host.as_str().into(),
            };
        }
        match mode {
            "Passthrough" => listener["tls"] = json!({ "mode": mode }),
            "ISTIO_MUTUAL" => {
                listener["tls"] = json!({
                    "mode": "Terminate", "options": { "gateway.istio.io/tls-terminate-mode": mode },
                });
            }
            _ => {}
        }
        let admitted = match random.below(6) {
            0 => json!({ "namespaces": { "from": "Same" } }),
            1 => {
                let label = json!({ "kubernetes.io/metadata.name": random.text(&pools.namespaces) });
                json!({ "namespaces": { "from": "Selector", "selector": { "matchLabels": label } } })
            }
            _ => json!({ "namespaces": { "from": "All" } }),
        };
        listener["allowedRoutes"] = admitted;
        if random.percent(SLIPS) {
            listener["allowedRoutes"]["kinds"] = json!([{ "kind": random.word(&["HTTPRoute", "TLSRoute"]) }]);
        }
        known.push((port, protocol, section));
        listeners.push(listener);
    }
    let mut spec = json!({ "gatewayClassName": "istio", "listeners": listeners });
    let called = pools.name("outbound");
    let mut made = ApiGateway {
        namespace: pools.namespace(random),
        service: format!("{called}-istio"),
        name: called,
        listeners: known,
        set: None,
    };
    let mut sets = Vec::new();
    if random.percent(50) {
        let GatewayService { namespace, name, .. } = pools.service(random);
        let is_short = random.percent(50);
        let value = if is_short { name.clone() } else { format!("{name}.{namespace}.svc.cluster.local") };
        spec["addresses"] = json!([{ "type": "Hostname", "value": value }]);
        made.namespace = namespace;
        made.service = name;
        if random.percent(25) {
            sets.push(listener_set(random, pools, &mut spec, &mut made));
        }
    }
    if random.percent(SLIPS) {
        spec["gatewayClassName"] = "other".into();
    }
    let gateway = object(random, "Gateway", &made.namespace, &made.name, &spec);
    (std::iter::once(gateway).chain(sets).collect(), made)
}

/// Moves the listeners of a Gateway to a ListenerSet, in its namespace or another; it keeps one that nobody uses.
fn listener_set(random: &mut Random, pools: &mut Pools, spec: &mut Value, gateway: &mut ApiGateway) -> Value {
    let namespace = if random.percent(50) { gateway.namespace.clone() } else { pools.namespace(random) };
    let name = pools.name("listeners");
    let own = json!({ "name": "own", "port": 15_443, "protocol": "HTTP" });
    let listeners = std::mem::replace(&mut spec["listeners"], json!([own]));
    let from = if random.percent(20) { random.word(&["Same", "None"]) } else { "All" };
    if !random.percent(SLIPS) {
        spec["allowedListeners"] = json!({ "namespaces": { "from": from } });
    }
    gateway.set = Some((namespace.clone(), name.clone()));
    let parent = json!({
        "group": "gateway.networking.k8s.io", "kind": "Gateway",
        "name": gateway.name, "namespace": gateway.namespace,
    });
    object(random, "ListenerSet", &namespace, &name, &json!({ "parentRef": parent, "listeners": listeners }))
}

/// An object of the Gateway API, of some age.
fn object(random: &mut Random, kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let version = if kind == "ReferenceGrant" { "v1beta1" } else { "v1" };
    json!({
        "apiVersion": format!("gateway.networking.k8s.io/{version}"), "kind": kind,
        "metadata": { "name": name, "namespace": namespace, "creationTimestamp": random.word(AGES) },
        "spec": spec,
    })
}
