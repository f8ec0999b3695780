//! The Kubernetes objects that stand for nodes and pods: what a scheduler, a Deployment and a kubelet would have
//! written. Knows nothing of the processes behind them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use serde_json::{Value, json};

use super::{
    handle::Bed,
    layout::{BedPod, CONTROL_PLANE, PodKind, istiod_address},
    manifest::{HUB, TAG},
    topology::BedControlPlane,
};

/// The port of the stand-in for kubelets.
pub(super) const NODE_PORT: u16 = 10250;
/// The node of istiod's pod.
const CONTROL_PLANE_NODE: &str = "control-plane";
/// Where Istio is installed usually, as the file says it.
const USUAL_ROOT: &str = "istio-system";
const ACCESS: &str = include_str!("../../../../tests/bed/access.yaml");

/// Namespaces and service accounts: everything else stands on them.
pub(super) fn create_namespaces(bed: &Bed) -> anyhow::Result<()> {
    let topology = &bed.topology;
    let gateways = topology.gateways.iter().map(|gateway| gateway.namespace.as_str());
    let clients = topology.clients.iter().map(|client| client.namespace.as_str());
    let istiods = topology.control_planes.iter().map(|istiod| istiod.namespace.as_str());
    let namespaces: BTreeSet<_> = istiods
        .clone()
        .chain(["shop"])
        .chain(gateways)
        .chain(clients)
        .chain(topology.namespaces.iter().map(String::as_str))
        .filter(|namespace| *namespace != "default")
        .collect();
    let namespaces = namespaces
        .into_iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    // Kubernetes makes the account `default` itself; Istio's manifest has those of the gateways.
    let accounts: BTreeSet<_> = topology
        .clients
        .iter()
        .map(|client| (client.namespace.as_str(), client.service_account()))
        .filter(|(_, account)| *account != "default")
        .collect();
    let accounts = accounts.into_iter().map(|(namespace, name)| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": namespace, "name": name}})
    });
    bed.apply(&[], &list(namespaces.chain(accounts)))?;
    let root = istiods.clone().next().unwrap_or(USUAL_ROOT);
    bed.apply(&[], &ACCESS.replace(USUAL_ROOT, root))
}

/// Nodes and pods, with the status that makes them count as running.
pub(super) fn create_nodes_and_pods(bed: &Bed) -> anyhow::Result<()> {
    let nodes = bed.topology.nodes.iter().map(|node| {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node.name, "labels": node.labels},
            "spec": {"taints": node.taints},
        })
    });
    let control_plane = json!({"apiVersion": "v1", "kind": "Node", "metadata": {
        "name": CONTROL_PLANE_NODE,
        "labels": {"node-role.kubernetes.io/control-plane": ""},
    }});
    let istiods = &bed.topology.control_planes;
    let pods = bed.pods.iter().map(pod).chain(istiods.iter().map(istiod));
    bed.apply(&[], &list(nodes.chain([control_plane]).chain(pods)))?;

    let names = bed.topology.nodes.iter().map(|node| node.name.as_str()).chain([CONTROL_PLANE_NODE]);
    let pods = bed.pods.iter().map(|pod| {
        let ready = pod.kind != PodKind::BrokenGateway;
        pod_status(&pod.namespace, &pod.name, pod.address, containers(pod.kind), ready)
    });
    let mut statuses: Vec<Value> = names.map(node_status).chain(pods).collect();
    for (index, istiod) in istiods.iter().enumerate() {
        let (name, address) = (format!("{}-0", istiod.name()), istiod_address(index)?);
        statuses.push(pod_status(&istiod.namespace, &name, address, &["discovery"], true));
    }
    bed.apply(&["--subresource=status"], &list(statuses.into_iter()))
}

/// Says of the clients' namespaces that their pods get sidecars. Only now: the bed has made these pods itself, and
/// istiod would have changed them.
pub(super) fn enable_injection(bed: &Bed) -> anyhow::Result<()> {
    let clients = bed.pods.iter().filter(|pod| pod.kind == PodKind::Sidecar);
    let namespaces: BTreeMap<_, _> = clients.map(|pod| (pod.namespace.as_str(), &pod.istiod)).collect();
    let labelled = namespaces.into_iter().map(|(name, istiod)| {
        let labels = if istiod.is_default() {
            json!({"istio-injection": "enabled"})
        } else {
            json!({"istio.io/rev": istiod.revision})
        };
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    });
    bed.apply(&[], &list(labelled))
}

fn pod(pod: &BedPod) -> Value {
    let mut labels: serde_json::Map<_, _> =
        pod.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if pod.kind != PodKind::Bare {
        let app = labels.get("app").cloned().unwrap_or_else(|| json!(pod.name));
        labels.insert("service.istio.io/canonical-name".into(), app);
    }
    if pod.kind == PodKind::Bare {
        labels.insert("sidecar.istio.io/inject".into(), json!("false"));
    }
    let mut annotations = json!({});
    if pod.kind == PodKind::Sidecar {
        // What Istio's injection leaves on a pod.
        labels.insert("security.istio.io/tlsMode".into(), json!("istio"));
        let status = json!({"initContainers": ["istio-init"], "containers": ["istio-proxy"], "revision": pod.istiod.revision});
        annotations =
            json!({"istio.io/rev": pod.istiod.revision, "sidecar.istio.io/status": status.to_string()});
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": pod.namespace, "name": pod.name, "labels": labels, "annotations": annotations},
        "spec": {
            "nodeName": pod.node,
            "serviceAccountName": pod.service_account,
            "containers": containers(pod.kind).iter().map(|name| container(name, &pod.istiod)).collect::<Vec<_>>(),
        },
    })
}

fn istiod(istiod: &BedControlPlane) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": istiod.namespace,
            "name": format!("{}-0", istiod.name()),
            "labels": {
                "app": "istiod",
                "istio": "pilot",
                "istio.io/rev": istiod.revision,
                "sidecar.istio.io/inject": "false",
            },
        },
        "spec": {
            "nodeName": CONTROL_PLANE_NODE,
            "serviceAccountName": istiod.name(),
            "containers": [{"name": "discovery", "image": image("discovery")}],
        },
    })
}

fn node_status(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {
            "addresses": [{"type": "InternalIP", "address": CONTROL_PLANE}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": NODE_PORT}},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn pod_status(namespace: &str, name: &str, address: Ipv4Addr, containers: &[&str], ready: bool) -> Value {
    let condition = if ready { "True" } else { "False" };
    let containers: Vec<_> = containers
        .iter()
        .map(|name| json!({"name": name, "image": image(name), "imageID": "", "restartCount": 0, "ready": ready, "state": {"running": {}}}))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name},
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "containerStatuses": containers,
            "conditions": [
                {"type": "Ready", "status": condition},
                {"type": "ContainersReady", "status": condition},
            ],
        },
    })
}

fn containers(kind: PodKind) -> &'static [&'static str] {
    match kind {
        PodKind::Gateway | PodKind::BrokenGateway => &["istio-proxy"],
        PodKind::Sidecar => &["app", "istio-proxy"],
        PodKind::Bare => &["app"],
    }
}

/// A proxy is told where its istiod is.
fn container(name: &str, istiod: &BedControlPlane) -> Value {
    let mut container = json!({"name": name, "image": image(name)});
    if name == "istio-proxy" {
        container["env"] = json!([{"name": "CA_ADDR", "value": format!("{}:15012", istiod.host())}]);
    }
    container
}

fn image(container: &str) -> String {
    match container {
        "discovery" => format!("{HUB}/pilot:{TAG}"),
        "istio-proxy" => format!("{HUB}/proxyv2:{TAG}"),
        application => application.to_owned(),
    }
}

fn list(items: impl Iterator<Item = Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()}).to_string()
}
