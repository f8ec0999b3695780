//! Pods and Services: callers in each namespace, gateways with Services, and now and then a Service of the mesh.

use serde_json::{Value, json};

use super::pools::{GatewayService, Pools};
use crate::oracle::{
    complete::{make_caller, make_gateway_pod},
    random::Random,
};

/// The workloads of a cluster. Its gateways become known to the pools.
pub(super) fn make(random: &mut Random, pools: &mut Pools) -> Vec<Value> {
    let mut objects = Vec::new();
    for namespace in pools.namespaces.iter().skip(1) {
        for app in random.some(&pools.apps, 2) {
            objects.push(make_caller(namespace, &format!("{app}-1"), &app));
        }
    }
    for number in 1..=random.between(1, 2) {
        let last = pools.namespaces.last().cloned().unwrap_or_default();
        let namespace = if random.percent(75) { "istio-system".to_owned() } else { last };
        let name = if number == 1 { "istio-egressgateway".to_owned() } else { "outward".to_owned() };
        let selector = json!({ "app": name, "istio": if number == 1 { "egressgateway" } else { "outward" } });
        for service in 1..=random.between(1, 2) {
            let name = if service == 1 { name.clone() } else { format!("{name}-two") };
            let service = make_service(random, &namespace, &name, &selector);
            objects.push(service.0);
            pools.services.push(service.1);
        }
        let service = json!({ "metadata": { "namespace": namespace }, "spec": { "selector": selector } });
        for pod in 1..=random.between(1, 2) {
            objects.push(make_gateway_pod(&service, &format!("{name}-{pod}")));
        }
    }
    if random.percent(30) {
        objects.extend(of_the_mesh(random, pools));
    }
    objects
}

/// A Service of a gateway, and what others know of it.
pub(in crate::oracle) fn make_service(
    random: &mut Random,
    namespace: &str,
    name: &str,
    selector: &Value,
) -> (Value, GatewayService) {
    let mut ports = vec![80, 443];
    if random.percent(25) {
        ports.push(9000);
    }
    if random.percent(10) {
        ports.remove(0);
    }
    let port = |number: u16, random: &mut Random| {
        let target = if random.percent(80) && number < 1024 { number + 8000 } else { number };
        let name = match number {
            80 => random.word(&["http2", "http2", "http", "tcp"]).to_owned(),
            443 => random.word(&["https", "https", "tls"]).to_owned(),
            _ => random.word(&["tcp-any", "any", "http-any"]).to_owned(),
        };
        json!({ "name": name, "port": number, "targetPort": target })
    };
    let written: Vec<Value> = ports.iter().map(|number| port(*number, random)).collect();
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": namespace },
        "spec": { "selector": selector, "ports": written },
    });
    let known = GatewayService {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        selector: selector.clone(),
        ports,
    };
    (service, known)
}

/// A Service of an application, with the callers of its namespace behind it.
fn of_the_mesh(random: &mut Random, pools: &Pools) -> Option<Value> {
    let namespace = pools.namespaces.get(1)?;
    let mut ports = vec![port_of_the_mesh(random, pools, 0)];
    if random.percent(40) {
        let other = port_of_the_mesh(random, pools, 1);
        ports.extend((other["port"] != ports[0]["port"]).then_some(other));
    }
    let mut spec = json!({ "selector": { "app": "web" }, "ports": ports });
    match random.below(8) {
        // Its name is one of the pods.
        0..=1 => spec["clusterIP"] = "None".into(),
        2 => {
            let name = random.text(&pools.hosts);
            spec = json!({ "type": "ExternalName", "externalName": name.trim_start_matches("*."), "ports": ports });
        }
        _ => {}
    }
    Some(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "backend", "namespace": namespace },
        "spec": spec,
    }))
}

fn port_of_the_mesh(random: &mut Random, pools: &Pools, index: usize) -> Value {
    let name = random.word(&["http", "tcp", "tls", "x", "grpc", "https", "mongo"]);
    let target = if random.percent(70) { 8080 } else { 9090 };
    let mut port =
        json!({ "name": format!("{name}-{index}"), "port": pools.port(random), "targetPort": target });
    if random.percent(10) {
        port["appProtocol"] = random.word(&["http", "tcp", "https", "kubernetes.io/h2c"]).into();
    }
    if random.percent(5) {
        port["protocol"] = "UDP".into();
    }
    port
}

/// Whether mTLS of the mesh is expected: of all workloads of a namespace or of the mesh.
pub(super) fn peer_authentication(random: &mut Random, pools: &mut Pools) -> Value {
    let mode = random.word(&["STRICT", "PERMISSIVE", "DISABLE", "DISABLE", "UNSET"]);
    let (namespace, name) = (pools.namespace(random), pools.name("peers"));
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": { "name": name, "namespace": namespace }, "spec": { "mtls": { "mode": mode } },
    })
}
