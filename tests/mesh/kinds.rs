//! Objects of kinds that no layout has yet are written, compared and removed like those that layouts have: guarded against
//! every change that was not seen.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use egress_cluster::config::ConnectOptions;
use egress_cluster::write::WriteOptions;
use egress_cluster::{Cluster, ClusterError};
use egress_core::metadata::{FIELD_MANAGER, labels};
use egress_core::plan::Action;
use egress_core::resource::Resource;
use serde_json::{Value, json};
use testbed::bed::User;

use super::harness::{Mesh, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a_network_policy_is_written_and_removed_like_an_object_of_istio", |mesh| {
        lives(mesh, &network_policy(), r#"{"spec":{"policyTypes":["Egress","Ingress"]}}"#)
    }),
    ("a_route_of_the_gateway_api_is_written_and_removed_like_an_object_of_istio", |mesh| {
        mesh.bed().kubectl_with_input(&["apply", "--filename=-"], ROUTES)?;
        mesh.bed().kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd/httproutes.gateway.networking.k8s.io",
        ])?;
        let lived = lives(mesh, &route(), r#"{"spec":{"hostnames":["other.example.com"]}}"#);
        mesh.bed().kubectl(&["delete", "crd", "httproutes.gateway.networking.k8s.io"])?;
        lived
    }),
];

/// As much of the Gateway API as the API server needs to take a route.
const ROUTES: &str = include_str!("kinds/httproutes.yaml");

fn network_policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "only-the-gateway", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}]},
        ]},
    })
}

fn route() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "edition-cnn-com", "namespace": "shop"},
        "spec": {"hostnames": ["edition.cnn.com"], "parentRefs": [{"name": "egress"}]},
    })
}

/// `patch` is what somebody else does to the object.
fn lives(mesh: &Mesh, object: &Value, patch: &str) -> anyhow::Result<()> {
    let mut wanted = Resource::from_json(object)?;
    wanted.labels.extend(labels());
    let kubeconfig = mesh.bed().kubeconfig(User::Admin);
    let edit = || {
        let name = format!("{}/{}", wanted.id.kind.qualified(), wanted.id.name);
        mesh.bed().kubectl(&["patch", &name, "-n", "shop", "--type=merge", "-p", patch]).map(drop)
    };
    mesh.bed().in_control_plane(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(written(&wanted, kubeconfig.into(), &edit))
    })?
}

async fn written(
    wanted: &Resource,
    kubeconfig: Option<std::path::PathBuf>,
    edit: &dyn Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let request_timeout = Some(Duration::from_secs(20));
    let connection = ConnectOptions { kubeconfig, request_timeout, ..ConnectOptions::default() };
    let cluster = Cluster::connect(&connection).await?;
    let options = WriteOptions {
        istio_version: "v1".to_owned(),
        dry_run: false,
        force_conflicts: false,
        field_manager: FIELD_MANAGER.to_owned(),
    };
    let stored = cluster.write(wanted, &Action::Create, &options).await?.context("nothing stored")?;
    ensure!(wanted.is_fulfilled_by(&stored), "what the server filled in counts as a difference: {stored:?}");
    match cluster.write(wanted, &Action::Create, &options).await {
        Err(ClusterError::Stale { .. }) => {}
        other => bail!("created again: {other:?}"),
    }

    edit()?;
    let over = Action::Update(Box::new(stored.clone()));
    match cluster.write(wanted, &over, &options).await {
        Err(ClusterError::Conflict { causes, .. }) if causes[0].manager == "kubectl-patch" => {}
        other => bail!("written over what somebody else owns: {other:?}"),
    }
    let forced = WriteOptions { force_conflicts: true, ..options.clone() };
    match cluster.write(wanted, &over, &forced).await {
        Err(ClusterError::Stale { .. }) => {}
        other => bail!("written over a change that nobody saw: {other:?}"),
    }
    let gone = cluster.write(&stored, &Action::Delete, &options).await?;
    ensure!(gone.is_none(), "left behind: {gone:?}");
    let again = cluster.write(wanted, &Action::Create, &options).await?.context("nothing stored")?;
    ensure!(again.live.as_ref().map(|live| &live.uid) != stored.live.as_ref().map(|live| &live.uid));
    cluster.write(&again, &Action::Delete, &options).await?;
    Ok(())
}
