//! Settings of the mesh configuration that differ from what Istio installs. They are changed on the mesh that all tests
//! share, and changed back.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::super::harness::{BARE, BILLING, GATEWAYS, LIMIT, Mesh, SHOP, eventually};
use super::life::{Life, refused};

/// By TLS: of HTTP, a connection that once left directly would stay open for minutes.
const UNLISTED: &str = "https://unlisted.example.test/";
const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const ADD_IN_BILLING: [&str; 4] = ["add", "edition.cnn.com", "-n", "billing"];

/// The bed has a pod without a sidecar among the callers, no NetworkPolicy and no PodDisruptionBudget.
pub(super) const OF_THE_BED: [&str; 3] = ["EG013", "EG018", "EG043"];

/// The egress of HTTP and TLS that every healthy layout carries.
pub(super) const LIFE: Life<'static> = Life {
    caller: SHOP,
    gateways: &GATEWAYS,
    request: &["edition.cnn.com"],
    urls: &["http://edition.cnn.com/", "https://edition.cnn.com/"],
    findings: &OF_THE_BED,
};

/// The mesh lets unknown hosts out, and a Sidecar of the root namespace does not.
pub(super) fn sidecar_of_the_root_namespace(mesh: &Mesh) -> anyhow::Result<()> {
    let open = json!({"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}});
    configured(mesh, &open, || {
        // The control: it is the Sidecar that refuses. Envoy remembers for some seconds what left directly, and `diagnose`
        // would tell it of `shop`.
        eventually("unknown hosts to leave", LIMIT, || mesh.expect_direct(BILLING, UNLISTED))?;
        mesh.apply_everywhere(
            "{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: default, namespace: istio-system}, \
             spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}}",
        )?;
        mesh.expect_refused(BILLING, UNLISTED)?;
        LIFE.lives(mesh)?;
        mesh.done(&ADD)?;
        let removed = mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
        ensure!(!removed.stderr.contains("unknown hosts"), "a false warning: {}", removed.stderr);
        Ok(())
    })?;
    // Only now, so that nothing leaves in between.
    mesh.delete("sidecars", "default", "istio-system")
}

/// Services are private to their namespace: the gateway's as well, unless its annotation says otherwise.
pub(super) fn private_services(mesh: &Mesh) -> anyhow::Result<()> {
    let private = json!({"defaultServiceExportTo": ["."]});
    configured(mesh, &private, || {
        let words = [
            "configmap/istio in namespace istio-system (defaultServiceExportTo)",
            "hides the gateway's Service istio-system/istio-egressgateway from the callers in `shop`",
            "kubectl annotate service/istio-egressgateway -n istio-system",
        ];
        refused(mesh, &ADD, 7, &words)?;
        let annotate = |value: &str| {
            let service = ["annotate", "--overwrite", "service/istio-egressgateway", "-n", "istio-system"];
            mesh.bed().kubectl(&[&service[..], &[value]].concat()).map(drop)
        };
        annotate("networking.istio.io/exportTo=billing")?;
        let words = [
            "service/istio-egressgateway in namespace istio-system (metadata.annotations[networking.istio.io/exportTo])",
        ];
        let outcome = refused(mesh, &ADD, 7, &words).and_then(|()| {
            annotate("networking.istio.io/exportTo=*")?;
            LIFE.lives(mesh)?;
            entries_of_others_are_private(mesh)
        });
        annotate("networking.istio.io/exportTo-")?;
        outcome
    })
}

/// An entry without `exportTo` is its namespace's own, and `add` does not warn of it.
fn entries_of_others_are_private(mesh: &Mesh) -> anyhow::Result<()> {
    let entry = |export_to: &str| {
        mesh.apply_everywhere(&format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: own, namespace: billing}}, \
             spec: {{hosts: [edition.cnn.com], {export_to} resolution: DNS, \
             ports: [{{number: 443, name: tls, protocol: TLS}}]}}}}",
        ))
    };
    let warned = || -> anyhow::Result<bool> {
        let added = mesh.done(&[&ADD[..], &["--dry-run=server"]].concat())?;
        Ok(added.stderr.contains("serviceentry/own in namespace billing"))
    };
    entry("")?;
    let private = warned();
    entry("exportTo: ['*'],")?;
    let public = warned();
    mesh.delete("serviceentries", "own", "billing")?;
    ensure!(!private?, "a warning of an entry that nobody else sees");
    ensure!(public?, "no warning of an entry that everybody sees");
    Ok(())
}

/// istiod reads the gateway's namespace and `shop`, and not `billing`.
pub(super) fn discovery_selectors(mesh: &Mesh) -> anyhow::Result<()> {
    let label = |namespace: &str, label: &str| {
        mesh.bed().kubectl(&["label", "--overwrite", "namespace", namespace, label]).map(drop)
    };
    for namespace in ["istio-system", "shop"] {
        label(namespace, "mesh=on")?;
    }
    let chosen = json!({"discoverySelectors": [{"matchLabels": {"mesh": "on"}}]});
    let outcome = configured(mesh, &chosen, || {
        LIFE.lives(mesh)?;
        let words = [
            "configmap/istio in namespace istio-system (discoverySelectors)",
            "makes istiod ignore namespace `billing`",
            "kubectl get namespace/billing --show-labels",
        ];
        refused(mesh, &ADD_IN_BILLING, 7, &words)?;
        // The control: with the label it is as good as `shop`.
        label("billing", "mesh=on")?;
        Life { caller: BILLING, findings: &["EG018", "EG043"], ..LIFE }.lives(mesh)
    });
    for namespace in ["istio-system", "shop", "billing"] {
        label(namespace, "mesh-")?;
    }
    outcome
}

/// Changes the mesh configuration for a while; istiod has the change before the test goes on, and after it.
fn configured(mesh: &Mesh, change: &Value, test: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let before = read(mesh)?;
    let mut changed: Value = serde_yaml::from_str(&before)?;
    let fields = change.as_object().context("fields")?;
    changed.as_object_mut().context("a mesh configuration")?.extend(fields.clone());
    let known = debug(mesh)?;
    write(mesh, &changed.to_string())?;
    let outcome = eventually("istiod to read the mesh configuration", LIMIT, || {
        ensure!(debug(mesh)? != known, "istiod has the one from before");
        Ok(())
    })
    .and_then(|()| test());
    write(mesh, &before)?;
    eventually("istiod to read the mesh configuration from before", LIMIT, || {
        ensure!(debug(mesh)? == known, "istiod has the one of the test");
        Ok(())
    })?;
    // A pod without a sidecar can always tell that the origin is there.
    mesh.expect_direct(BARE, UNLISTED)?;
    outcome
}

const CONFIG_MAP: [&str; 4] = ["configmap", "istio", "--namespace", "istio-system"];

fn read(mesh: &Mesh) -> anyhow::Result<String> {
    mesh.bed().kubectl(&[&["get"], &CONFIG_MAP[..], &["--output=jsonpath={.data.mesh}"]].concat())
}

fn write(mesh: &Mesh, text: &str) -> anyhow::Result<()> {
    let patch = json!({"data": {"mesh": text}}).to_string();
    mesh.bed()
        .kubectl(&[&["patch"], &CONFIG_MAP[..], &["--type=merge", "--patch", &patch]].concat())
        .map(drop)
}

/// The mesh configuration as istiod knows it.
fn debug(mesh: &Mesh) -> anyhow::Result<String> {
    let mut curl = mesh.bed().command("curl");
    let output =
        curl.args(["--silent", "--fail", "--max-time", "5", "http://127.0.0.1:8080/debug/mesh"]).output()?;
    ensure!(output.status.success(), "istiod does not say its mesh configuration");
    Ok(String::from_utf8(output.stdout)?)
}
