//! What strangers open is judged by its specs: our label, a record that lies, and objects that no egress has do not hide it.

use anyhow::ensure;
use serde_json::Value;

use super::super::harness::{Configured, Mesh};

/// Each way, and an object that goes it.
const WAYS: [(&str, &str); 4] = [
    (
        "our label, and no record",
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: labelled, namespace: billing, labels: \
         {app.kubernetes.io/managed-by: kubectl-egress}}, spec: {hosts: [a.ngrok.io], resolution: DNS, location: MESH_EXTERNAL, \
         ports: [{number: 443, name: tls, protocol: TLS}]}}",
    ),
    (
        "a record that names another host",
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: lying, namespace: billing, labels: \
         {app.kubernetes.io/managed-by: kubectl-egress}, annotations: {kubectl-egress.github.io/host: www.cnn.com, \
         kubectl-egress.github.io/role: client}}, spec: {hosts: [b.ngrok.io], resolution: DNS, location: MESH_EXTERNAL, \
         ports: [{number: 443, name: tls, protocol: TLS}]}}",
    ),
    (
        "a wildcard",
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: wild, namespace: billing}, spec: \
         {hosts: ['*.ngrok.io'], resolution: NONE, location: MESH_EXTERNAL, ports: [{number: 443, name: tls, protocol: TLS}]}}",
    ),
    (
        "endpoints elsewhere",
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: elsewhere, namespace: billing}, spec: \
         {hosts: [partner.billing.egress.internal], endpoints: [{address: c.ngrok.io}], resolution: DNS, location: MESH_EXTERNAL, \
         ports: [{number: 443, name: tls, protocol: TLS}]}}",
    ),
];

pub(super) fn strangers(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, "settings: {deny: [\"*.ngrok.io\"]}")?;
    for (way, object) in WAYS {
        // The control: without the object there is nothing to refuse.
        let before = mesh.plugin(&["audit", "-n", "billing", "-o", "json"])?;
        ensure!(before.json()?["refused"] == 0, "{way}: {}", before.stdout);
        mesh.apply(object)?;
        let audit = mesh.plugin(&["audit", "-n", "billing", "-o", "json"])?;
        audit.expect(1, &["current policies would deny"])?;
        let items = audit.json()?["items"].clone();
        let denied = |row: &Value| row["code"] == "host-denied" && row["managed"] == false;
        ensure!(items.as_array().is_some_and(|rows| rows.iter().any(denied)), "{way}: {items}");
        mesh.bed().kubectl_with_input(&["delete", "--filename=-"], object)?;
    }
    Ok(())
}
