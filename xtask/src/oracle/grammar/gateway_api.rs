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
}

/// Adds the objects of some egresses, in some clusters.
pub(super) fn add(random: &mut Random, pools: &mut Pools, objects: &mut Vec<Value>) {
    if !random.percent(SHARE) {
        return;
    }
    let (object, gateway) = gateway(random, pools);
    objects.push(object);
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
}

/// A Gateway with a deployment of its own, or before the pods of another.
fn gateway(random: &mut Random, pools: &mut Pools) -> (Value, ApiGateway) {
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
    };
    if random.percent(50) {
        let GatewayService { namespace, name, .. } = pools.service(random);
        let is_short = random.percent(50);
        let value = if is_short { name.clone() } else { format!("{name}.{namespace}.svc.cluster.local") };
        spec["addresses"] = json!([{ "type": "Hostname", "value": value }]);
        made.namespace = namespace;
        made.service = name;
    }
    if random.percent(SLIPS) {
        spec["gatewayClassName"] = "other".into();
    }
    (object(random, "Gateway", &made.namespace, &made.name, &spec), made)
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
