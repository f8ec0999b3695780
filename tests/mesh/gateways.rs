//! Clusters that cannot carry an egress as they are: no Istio, no gateway, none that is ready, more than one. Each is
//! said with the right exit code before anything is written, and works again once it is put right.

use anyhow::Context as _;
use serde_json::{Value, json};
use testbed::bed::User;

use super::harness::{LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("without_a_gateway", no_gateway),
    ("with_a_gateway_whose_pods_are_not_ready", no_ready_pod),
    ("with_two_gateways", two_gateways),
    ("with_a_gateway_that_is_named_but_not_there", not_there),
    ("without_istio", no_istio),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";

fn no_gateway(mesh: &Mesh) -> anyhow::Result<()> {
    let mut service = gateway_service(mesh)?;
    mesh.bed().kubectl(&["delete", "service", "istio-egressgateway", "-n", "istio-system"])?;
    let outcome = eventually("the Service to be gone", LIMIT, || {
        mesh.refuses(User::Admin, &ADD, 1, &["no egress gateway found", "hint: install one", "--gateway"])
    });
    service["metadata"] = json!({"name": "istio-egressgateway", "namespace": "istio-system"});
    mesh.apply(&service.to_string())?;
    outcome?;
    works(mesh, &ADD)
}

fn no_ready_pod(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.set_gateway_ready(false)?;
    let words =
        ["egress gateway istio-system/istio-egressgateway has no ready pod (2 found)", "hint: see them"];
    let outcome = mesh.refuses(User::Admin, &ADD, 1, &words);
    mesh.set_gateway_ready(true)?;
    outcome?;
    works(mesh, &ADD)
}

fn two_gateways(mesh: &Mesh) -> anyhow::Result<()> {
    let mut second = gateway_service(mesh)?;
    second["metadata"] = json!({"name": "second", "namespace": "istio-system"});
    if let Some(spec) = second["spec"].as_object_mut() {
        spec.retain(|key, _| ["selector", "ports"].contains(&key.as_str()));
    }
    mesh.apply(&second.to_string())?;
    let outcome = choose_one(mesh);
    mesh.bed().kubectl(&["delete", "service", "second", "-n", "istio-system"])?;
    outcome
}

fn choose_one(mesh: &Mesh) -> anyhow::Result<()> {
    let both =
        ["found 2: istio-system/istio-egressgateway, istio-system/second", "hint: name one: `--gateway"];
    mesh.refuses(User::Admin, &ADD, 2, &both)?;
    works(mesh, &[&ADD[..], &["--gateway", "istio-system/istio-egressgateway"]].concat())
}

fn not_there(mesh: &Mesh) -> anyhow::Result<()> {
    let add = [&ADD[..], &["--gateway", "istio-system/missing"]].concat();
    mesh.refuses(User::Admin, &add, 1, &["istio-system/missing", "hint: "])?;
    let nowhere = ["add", "edition.cnn.com", "-n", "missing"];
    mesh.refuses(User::Admin, &nowhere, 1, &["missing", "hint: type `kubectl get namespaces`"]).map(drop)
}

fn no_istio(mesh: &Mesh) -> anyhow::Result<()> {
    let kubernetes = "{nodes: [], istio: false}".parse()?;
    let mesh = mesh.beside("none", &kubernetes)?;
    for command in [&ADD[..], &["list", "-n", "shop"], &["diagnose", "-n", "shop"]] {
        mesh.plugin(command)?.expect(1, &["networking.istio.io", "hint: is this the right cluster?"])?;
    }
    Ok(())
}

/// The control: it works once the cluster is as it should be.
fn works(mesh: &Mesh, add: &[&str]) -> anyhow::Result<()> {
    eventually("the cluster to be as it was", LIMIT, || mesh.done(add))?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)
}

fn gateway_service(mesh: &Mesh) -> anyhow::Result<Value> {
    let service = ["get", "service", "istio-egressgateway", "-n", "istio-system", "-o", "json"];
    let mut service: Value = serde_json::from_str(&mesh.bed().kubectl(&service)?)?;
    service.as_object_mut().context("no Service")?.remove("status");
    Ok(service)
}
