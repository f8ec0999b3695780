//! Objects of kinds that no layout has yet are planned, written, compared, listed and removed like those that layouts have:
//! guarded against every change that was not seen.

use std::{collections::BTreeSet, path::PathBuf, slice, time::Duration};

use anyhow::{Context as _, bail, ensure};
use egress_cluster::config::ConnectOptions;
use egress_cluster::write::WriteOptions;
use egress_cluster::{Cluster, ClusterError};
use egress_core::dialect::Part;
use egress_core::index::Index;
use egress_core::intent::{GatewayTls, Intent, Layout};
use egress_core::inventory::{Egress, LivePart, impostors};
use egress_core::kind::Kind;
use egress_core::metadata::{self, FIELD_MANAGER};
use egress_core::plan::{self, Action, Plan, Step};
use egress_core::removal_impact::RemovalImpact;
use egress_core::resource::Resource;
use egress_core::role::Role;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_core::target::Target;
use serde_json::{Value, json};
use testbed::bed::User;

use super::harness::{Mesh, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a_network_policy_is_planned_written_listed_and_removed_like_an_object_of_istio", |mesh| {
        let patches = [["Egress", "Ingress"].as_slice(), &["Ingress"]];
        lives(mesh, &network_policy(), patches.map(|types| json!({"spec": {"policyTypes": types}})))
    }),
    ("a_route_of_the_gateway_api_is_planned_written_listed_and_removed_like_an_object_of_istio", |mesh| {
        mesh.bed().kubectl_with_input(&["apply", "--filename=-"], ROUTES)?;
        mesh.bed().kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd/httproutes.gateway.networking.k8s.io",
        ])?;
        let patches = ["other.example.com", "another.example.com"];
        let lived = lives(mesh, &route(), patches.map(|host| json!({"spec": {"hostnames": [host]}})));
        mesh.bed().kubectl(&["delete", "crd", "httproutes.gateway.networking.k8s.io"])?;
        lived
    }),
];

/// As much of the Gateway API as the API server needs to take a route.
const ROUTES: &str = include_str!("kinds/httproutes.yaml");
/// A host that has no other object.
const HOST: &str = "kinds.example.com";
const NAMESPACE: &str = "shop";
/// The part that the object plays: one that no proxy has to show.
const ROLE: Role = Role::Upstream;

fn network_policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "only-the-gateway", "namespace": NAMESPACE},
        "spec": {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}]},
        ]},
    })
}

fn route() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "kinds-example-com", "namespace": NAMESPACE},
        "spec": {"hostnames": [HOST], "parentRefs": [{"name": "egress"}]},
    })
}

/// `patches` are what somebody else does to the object.
fn lives(mesh: &Mesh, object: &Value, patches: [Value; 2]) -> anyhow::Result<()> {
    let mut wanted = Resource::from_json(object)?;
    wanted.labels.extend(metadata::labels());
    wanted.annotations.extend(metadata::annotations(Some(HOST), ROLE));
    let name = format!("{}/{}", wanted.id.kind.qualified(), wanted.id.name);
    let edits = patches.map(|patch| {
        let (name, patch) = (name.clone(), patch.to_string());
        move || mesh.bed().kubectl(&["patch", &name, "-n", NAMESPACE, "--type=merge", "-p", &patch]).map(drop)
    });
    let kubeconfig = mesh.bed().kubeconfig(User::Admin);
    mesh.bed().in_control_plane(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tried = KindTest::connect(kubeconfig.into(), wanted).await?;
            tried.created().await?;
            tried.guarded(edits).await?;
            tried.removed().await
        })
    })?
}

/// One object of one host, and a cluster.
struct KindTest {
    cluster: Cluster,
    options: WriteOptions,
    intent: Intent,
    part: Part,
}

impl KindTest {
    async fn connect(kubeconfig: Option<PathBuf>, wanted: Resource) -> anyhow::Result<Self> {
        let request_timeout = Some(Duration::from_secs(20));
        let connection = ConnectOptions { kubeconfig, request_timeout, ..ConnectOptions::default() };
        let Target { host, ports } = HOST.parse()?;
        Ok(KindTest {
            cluster: Cluster::connect(&connection).await?,
            options: WriteOptions {
                istio_version: "v1".to_owned(),
                dry_run: false,
                force_conflicts: false,
                field_manager: FIELD_MANAGER.to_owned(),
            },
            intent: Intent {
                host,
                ports,
                namespace: NAMESPACE.to_owned(),
                gateway: GatewayFacts::stock().name,
                layout: Layout::Shared,
                hop: GatewayTls::Mtls,
                export_to: vec![".".to_owned()],
                reason: None,
            },
            part: Part { role: ROLE, resource: wanted },
        })
    }

    async fn created(&self) -> anyhow::Result<()> {
        let create = self.addition().await?.context("nothing is planned")?;
        ensure!(create.action == Some(Action::Create), "planned: {create:?}");
        let stored = self.write(&create, &self.options).await?.context("nothing stored")?;
        let wanted = &self.part.resource;
        ensure!(
            wanted.is_fulfilled_by(&stored),
            "what the server filled in counts as a difference: {stored:?}"
        );
        match self.write(&create, &self.options).await {
            Err(ClusterError::Stale { .. }) => {}
            other => bail!("created again: {other:?}"),
        }
        let again = self.addition().await?;
        ensure!(again.is_none(), "planned although it is there: {again:?}");
        self.listed().await
    }

    async fn guarded(&self, edits: [impl Fn() -> anyhow::Result<()>; 2]) -> anyhow::Result<()> {
        let [edit, edit_again] = edits;
        edit()?;
        let update = self.addition().await?.context("no change is planned")?;
        ensure!(matches!(update.action, Some(Action::Update(_))), "planned: {update:?}");
        match self.write(&update, &self.options).await {
            Err(ClusterError::Conflict { causes, .. }) if causes[0].manager == "kubectl-patch" => {}
            other => bail!("written over what somebody else owns: {other:?}"),
        }
        edit_again()?;
        let forced = WriteOptions { force_conflicts: true, ..self.options.clone() };
        match self.write(&update, &forced).await {
            Err(ClusterError::Stale { .. }) => {}
            other => bail!("written over a change that nobody saw: {other:?}"),
        }
        let seen = self.addition().await?.context("no change is planned")?;
        self.write(&seen, &forced).await?;
        let again = self.addition().await?;
        ensure!(again.is_none(), "planned although it is as wanted: {again:?}");
        self.listed().await
    }

    async fn removed(&self) -> anyhow::Result<()> {
        let delete = self.removal().await?.context("no deletion is planned")?;
        ensure!(delete.action == Some(Action::Delete), "planned: {delete:?}");
        let gone = self.write(&delete, &self.options).await?;
        ensure!(gone.is_none(), "left behind: {gone:?}");
        ensure!(self.removal().await?.is_none(), "the deleted object is still found");

        let create = self.addition().await?.context("nothing is planned")?;
        let again = self.write(&create, &self.options).await?.context("nothing stored")?;
        ensure!(
            again.live.as_ref().map(|live| &live.uid) != delete.object.live.as_ref().map(|live| &live.uid)
        );
        match self.write(&delete, &self.options).await {
            Err(ClusterError::Stale { .. }) => {}
            other => bail!("deleted an object that nobody saw: {other:?}"),
        }
        let delete = self.removal().await?.context("no deletion is planned")?;
        self.write(&delete, &self.options).await?;
        ensure!(self.removal().await?.is_none(), "the deleted object is still found");
        Ok(())
    }

    /// It is in the row of its host. By its role alone an object of another kind is a stranger's: that stays.
    async fn listed(&self) -> anyhow::Result<()> {
        let (snapshot, id) = (self.read().await?, &self.part.resource.id);
        let row = self.egress(&snapshot).row(&Index::of(&snapshot));
        ensure!(row.objects == slice::from_ref(id) && row.created.is_some(), "listed: {row:?}");
        ensure!(impostors(&snapshot).iter().any(|told| told.object == id), "its label alone makes it ours");
        Ok(())
    }

    /// The write that `add` plans from what is there, if any.
    async fn addition(&self) -> anyhow::Result<Option<Step>> {
        let snapshot = self.read().await?;
        let index = Index::of(&snapshot);
        only_write(plan::add::plan(&self.intent, slice::from_ref(&self.part), &index.without([])))
    }

    /// The write that `remove` plans from what is there, if any.
    async fn removal(&self) -> anyhow::Result<Option<Step>> {
        let snapshot = self.read().await?;
        let impact = RemovalImpact::of(&[], &snapshot);
        only_write(plan::remove::plan(&self.egress(&snapshot), &[], &impact))
    }

    /// The objects that routes consist of, and those of this kind, by the reader of every command.
    async fn read(&self) -> anyhow::Result<Snapshot> {
        let kinds = Kind::OF_ISTIO.into_iter().chain([self.part.resource.id.kind]).collect();
        let read = self.cluster.resources(&kinds, &BTreeSet::new()).await?;
        ensure!(read.unreadable.is_empty(), "unreadable: {:?}", read.unreadable);
        Ok(Snapshot { resources: read.resources, ..Snapshot::default() })
    }

    /// What there is of the host. The inventory groups objects of the kinds that roles have; no role has this one yet.
    fn egress<'a>(&self, snapshot: &'a Snapshot) -> Egress<'a> {
        let found = Index::of(snapshot).without([]).labelled(NAMESPACE, HOST);
        let part = |resource| Some(LivePart { role: metadata::role(resource)?, resource });
        Egress {
            namespace: NAMESPACE.to_owned(),
            host: self.intent.host.clone(),
            parts: found.into_iter().filter_map(part).collect(),
            record: None,
            layout: Some(self.intent.layout),
            gateway: None,
            why: None,
        }
    }

    async fn write(&self, step: &Step, options: &WriteOptions) -> Result<Option<Resource>, ClusterError> {
        let action = step.action.as_ref().ok_or_else(|| ClusterError::Unexpected(format!("{step:?}")))?;
        self.cluster.write(&step.object, action, options).await
    }
}

fn only_write(plan: Plan) -> anyhow::Result<Option<Step>> {
    let mut writes = plan.steps.into_iter().filter(|step| step.action.is_some());
    let first = writes.next();
    ensure!(writes.next().is_none(), "more than one object of {HOST} is planned");
    Ok(first)
}
