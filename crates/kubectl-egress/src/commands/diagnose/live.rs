//! Reads the facts of a diagnosis from a cluster and its Envoys.
//!
//! Knows what to read, not what it means.

use std::collections::BTreeMap;
use std::time::Duration;

use egress_cluster::Cluster;
use egress_cluster::fetch::{self, Scope};
use egress_cluster::related_resources::RelatedReading;
use egress_core::host::DnsName;
use egress_core::input::{Gap, Input};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_diagnose::examine::wanted_proxies;
use egress_diagnose::facts::credentials::wanted_secrets;
use egress_diagnose::facts::{ClusterFacts, PodName, Request};
use futures::StreamExt;

use super::super::exported;
use super::super::guard;
use super::super::interrupt::Interrupt;
use super::gathered::Gathered;
use super::{client, policies, rights};
use crate::exit::{Code, Failure};
use crate::settings::Namespaces;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// The timeout for one proxy: one that hangs must not stop a diagnosis.
const LOOK: Duration = Duration::from_secs(5);
/// How many proxies to read at the same time.
const AT_ONCE: usize = 8;
/// Why something was not read.
const INTERRUPTED: &str = "interrupted";

/// Reads the cluster and its Envoys, and asks the policies.
///
/// After an interrupt it returns what it has read so far.
pub(super) async fn gather(
    settings: &Diagnose,
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
) -> anyhow::Result<Gathered> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let namespace = match &settings.namespaces {
        Namespaces::All => None,
        Namespaces::One(named) => {
            Some(named.clone().unwrap_or_else(|| cluster.default_namespace().to_owned()))
        }
    };
    let scope = Scope {
        // The callers of a namespace's egress may be in other namespaces.
        namespaces: fetch::Namespaces::All(namespace.clone().into_iter().collect()),
        gateway: None,
        nodes: true,
        root_namespace: settings.policies.root_namespace.clone(),
    };
    let waiting = terminal.wait("reading the cluster's objects");
    let (snapshot, mut around) = tokio::select! {
        biased;
        () = interrupt.raised() => return Err(nothing_known()),
        read = read(&cluster, &scope) => read?,
    };
    drop(waiting);

    let client =
        settings.client.as_ref().map(|asked| client::find(asked, &snapshot, &cluster)).transpose()?;
    let namespace = client.as_ref().map(|pod| pod.namespace.clone()).or(namespace);
    let request = Request { hosts: settings.hosts.clone(), namespace, client };
    let pods: Vec<PodFacts> = wanted_proxies(&snapshot, &request).into_iter().cloned().collect();
    let waiting = terminal.wait(&format!("reading {} proxies", pods.len()));
    let mut proxies = BTreeMap::new();
    let looks = look(&cluster, &pods, &request.hosts, &mut proxies);
    around.facts.sync = tokio::select! {
        biased;
        () = interrupt.raised() => None,
        // istiod's pages only add to Envoy's: a diagnosis is complete without them.
        ((), sync) = futures::future::join(looks, cluster.sync(&around.facts.istiod, LOOK)) => sync.ok(),
    };
    drop(waiting);
    let interrupted = interrupt.is_raised();
    for pod in &pods {
        proxies.entry(PodName::of(pod)).or_insert_with(|| Err(INTERRUPTED.to_owned()));
    }
    let mut gaps = gaps(&snapshot);
    gaps.extend(around.gaps);
    let mut rights = BTreeMap::new();
    if let Some(namespace) = request.namespace.as_ref().filter(|_| !interrupted) {
        rights.insert(namespace.clone(), rights::of(&cluster, namespace).await?);
        gaps.remove(&Input::Rights);
    }
    let asked = if interrupted {
        Err(anyhow::anyhow!(INTERRUPTED))
    } else {
        policies::ask(settings, &cluster, &snapshot, &request, terminal).await
    };
    let (demands, refusals) = match asked {
        Ok((demands, refusals)) => (Ok(demands), refusals),
        // A policy that could not be asked is no error here: the report says so.
        Err(error) => (Err(format!("{error:#}")), BTreeMap::new()),
    };
    let mut evidence = ClusterFacts {
        snapshot,
        related_resources: around.facts,
        gaps,
        proxies,
        demands,
        refusals,
        rights,
        fleet: Vec::new(),
    };
    evidence.add_gateways_of_gateway_api();
    let guard = if interrupted { None } else { guard::state(&cluster, &evidence.snapshot).await };
    Ok(Gathered { evidence, request, sources: None, interrupted, guard })
}

/// Reads all objects.
async fn read(cluster: &Cluster, scope: &Scope) -> anyhow::Result<(Snapshot, RelatedReading)> {
    let (mut snapshot, mut around) =
        tokio::try_join!(cluster.fetch_as_stored(scope), cluster.related_resources())?;
    let wanted = wanted_secrets(&snapshot);
    let (secrets, istiod) = tokio::try_join!(cluster.secrets(&wanted), cluster.istiod(&snapshot))?;
    around.add_secrets(secrets);
    around.add_istiod(istiod);
    if !wanted.is_empty() {
        around.add_access_roles(cluster.access_roles().await?);
    }
    around.facts.export = exported::read(cluster, &snapshot.mesh).await;
    snapshot.unreadable.append(&mut around.unreadable);
    snapshot.unreadable.sort();
    Ok((snapshot, around))
}

fn nothing_known() -> anyhow::Error {
    Failure {
        code: Code::Interrupted,
        message: "interrupted before the cluster's objects were read: there is no result".to_owned(),
        hint: None,
    }
    .into()
}

/// The kinds of facts that were read only in part, or not at all.
fn gaps(snapshot: &Snapshot) -> BTreeMap<Input, Gap> {
    let kinds = [Input::Pods, Input::Services, Input::Nodes, Input::Namespaces];
    let gap = |input: Input| {
        let missing = snapshot.unreadable.iter().find(|missing| missing.input == Some(input))?;
        Some((input, Gap::Unreadable(missing.why.clone())))
    };
    // Ask for permissions only if the user named one namespace: there may be thousands.
    let not_given = [(Input::Rights, Gap::NotGiven)];
    kinds.into_iter().filter_map(gap).chain(not_given).collect()
}

/// Reads Envoys. Keeps what was read, even if it does not wait for the rest.
async fn look(
    cluster: &Cluster,
    pods: &[PodFacts],
    hosts: &[DnsName],
    seen: &mut BTreeMap<PodName, Result<ProxyView, String>>,
) {
    let looks = pods.iter().map(|pod| async move {
        let seen = cluster.read_envoy(pod, hosts, LOOK).await;
        (PodName::of(pod), seen.map_err(|error| error.to_string()))
    });
    let mut looks = futures::stream::iter(looks).buffer_unordered(AT_ONCE);
    while let Some((pod, view)) = looks.next().await {
        seen.insert(pod, view);
    }
}
