//! Many hosts: the objects that `add` would write for them, and a small mesh around them.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;
use egress_core::{
    dialect,
    host::DnsName,
    intent::{GatewayTls, Intent, Layout},
    metadata::Record,
    names::ChosenNames,
    port::Port,
    resource::ObjectId,
    snapshot::{GatewayFacts, MeshFacts},
};
use serde::Serialize as _;
use serde_json::{Value, json};

/// The namespace of the hosts.
pub(super) const NAMESPACE: &str = "many-hosts";

/// Writes a manifest of that many hosts with all that a diagnosis reads of a mesh.
pub(super) fn write(layout: Layout, hosts: u32, file: &Path) -> anyhow::Result<()> {
    let hosts = (0..hosts).map(|number| host(layout, number, hosts));
    manifest(std::iter::once(Ok(around())).chain(hosts), file)
}

/// The objects of one of so many hosts; the first one brings the gateway's pair.
pub(super) fn host(layout: Layout, number: u32, hosts: u32) -> anyhow::Result<Vec<Value>> {
    let gateway = GatewayFacts { assumed: false, ..GatewayFacts::stock() };
    let width = hosts.to_string().len();
    let record = Record {
        intent: Intent {
            host: DnsName::parse(&format!("host{number:0width$}.example.com"))?,
            ports: [Port::HTTP, Port::TLS].into(),
            namespace: NAMESPACE.to_owned(),
            gateway: gateway.name.clone(),
            layout,
            hop: GatewayTls::Mtls,
            export_to: vec![".".to_owned()],
            reason: None,
        },
        names: ChosenNames::default(),
        added_at: None,
        added_by: None,
    };
    let mesh = MeshFacts::default();
    let parts = dialect::build(&record, &gateway, &mesh)?;
    let of_host = |id: &ObjectId| id.namespace == NAMESPACE;
    let parts = parts.into_iter().filter(|part| number == 0 || of_host(&part.resource.id));
    parts.map(|part| part.resource.to_json(&mesh.api_version).context("an object without a form")).collect()
}

/// Writes objects as one file, as they come: what this process holds would count as held by the program that it measures.
pub(super) fn manifest(
    objects: impl Iterator<Item = anyhow::Result<Vec<Value>>>,
    file: &Path,
) -> anyhow::Result<()> {
    let mut writer = BufWriter::new(File::create(file).with_context(|| format!("{}", file.display()))?);
    for some in objects {
        for object in some? {
            writer.write_all(b"---\n")?;
            object.serialize(&mut serde_yaml::Serializer::new(&mut writer))?;
        }
    }
    Ok(writer.flush()?)
}

/// A gateway with one pod, a caller, and a mesh that refuses unknown hosts.
fn around() -> Vec<Value> {
    let stock = GatewayFacts::stock();
    let ports: Vec<Value> = stock
        .ports
        .iter()
        .map(|port| json!({ "name": port.name, "port": port.number, "targetPort": port.target }))
        .collect();
    let object = |kind: &str, namespace: &str, name: &str, rest: Value| {
        let mut object = json!({
            "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "namespace": namespace },
        });
        for (key, value) in rest.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    };
    // With addresses, so that calls can be followed.
    let ready =
        |address: &str| json!({ "podIP": address, "conditions": [{ "type": "Ready", "status": "True" }] });
    let mut gateway = object(
        "Pod",
        &stock.name.namespace,
        "egress-1",
        json!({ "spec": { "containers": [{ "name": "istio-proxy", "args": ["proxy", "router"] }] }, "status": ready("10.244.0.1") }),
    );
    gateway["metadata"]["labels"] = json!(stock.selector);
    vec![
        object(
            "ConfigMap",
            "istio-system",
            "istio",
            json!({ "data": { "mesh": "outboundTrafficPolicy: {mode: REGISTRY_ONLY}" } }),
        ),
        object(
            "Service",
            &stock.name.namespace,
            &stock.name.service,
            json!({ "spec": { "clusterIP": "10.96.0.1", "selector": stock.selector, "ports": ports } }),
        ),
        gateway,
        object(
            "Pod",
            NAMESPACE,
            "caller",
            json!({ "spec": { "containers": [{ "name": "app" }, { "name": "istio-proxy" }] }, "status": ready("10.244.0.2") }),
        ),
    ]
}
