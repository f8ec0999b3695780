//! The facts of a diagnosis from a cluster and its Envoys.
//!
//! Knows what is read and looked at. Knows nothing of what it means.

use std::collections::BTreeMap;
use std::time::Duration;

use egress_cluster::Cluster;
use egress_cluster::fetch::{self, Scope};
use egress_core::host::DnsName;
use egress_core::input::{Gap, Input};
use egress_core::policy::audit;
use egress_core::policy::question::Subject;
use egress_core::proxy::ProxyView;
use egress_core::snapshot::{PodFacts, Snapshot};
use egress_diagnose::credentials::wanted_secrets;
use egress_diagnose::evidence::{Demands, Evidence, PodName, Request, wanted_proxies};
use futures::StreamExt;

use super::super::judge::{Judge, Occasion};
use super::Gathered;
use crate::settings::Namespaces;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// How long one proxy is waited for: a diagnosis is wanted even where one hangs.
const LOOK: Duration = Duration::from_secs(5);
/// Proxies looked at in one moment.
const AT_ONCE: usize = 8;

/// Reads the cluster, looks into its Envoys and asks the policies.
pub(super) async fn gather(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let namespace = match &settings.namespaces {
        Namespaces::All => None,
        Namespaces::One(named) => {
            Some(named.clone().unwrap_or_else(|| cluster.default_namespace().to_owned()))
        }
    };
    let scope = Scope {
        // The callers of a namespace's egress may live in others.
        namespaces: fetch::Namespaces::All(namespace.clone().into_iter().collect()),
        gateway: None,
        nodes: true,
    };
    let (mut snapshot, mut around) = tokio::try_join!(cluster.fetch(&scope), cluster.surroundings())?;
    let wanted = wanted_secrets(&snapshot);
    let (secrets, istiod) = tokio::try_join!(cluster.secrets(&wanted), cluster.istiod(&snapshot))?;
    around.add_secrets(secrets);
    around.add_istiod(istiod);
    snapshot.unreadable.append(&mut around.unreadable);
    snapshot.unreadable.sort();

    let request = Request { hosts: settings.hosts.clone(), namespace };
    let pods: Vec<PodFacts> = wanted_proxies(&snapshot, &request).into_iter().cloned().collect();
    let waiting = terminal.wait(&format!("looking into {} proxies", pods.len()));
    let (proxies, sync) =
        tokio::join!(look(&cluster, &pods, &request.hosts), cluster.sync(&around.facts.istiod, LOOK),);
    drop(waiting);
    // What istiod says only adds to what Envoys show: a diagnosis is whole without it.
    around.facts.sync = sync.ok();
    let demands = demands(settings, &cluster, &snapshot, &request, terminal).await;
    let demands = demands.map_err(|error| format!("{error:#}"));
    let mut gaps = gaps(&snapshot);
    gaps.extend(around.gaps);
    let evidence = Evidence { snapshot, surroundings: around.facts, gaps, proxies, demands };
    Ok(Gathered { evidence, request, sources: None })
}

/// The kinds of facts that were read in part or not at all.
fn gaps(snapshot: &Snapshot) -> BTreeMap<Input, Gap> {
    let kinds = [
        (Input::Pods, "pods"),
        (Input::Services, "services"),
        (Input::Nodes, "nodes"),
        (Input::Namespaces, "namespaces"),
    ];
    let gap = |(input, plural): (Input, &str)| {
        let missing = snapshot.unreadable.iter().find(|missing| missing.what.starts_with(plural))?;
        Some((input, Gap::Unreadable(missing.why.clone())))
    };
    // Of these nobody was asked.
    let not_given = [(Input::Rights, Gap::NotGiven), (Input::Fleet, Gap::NotGiven)];
    kinds.into_iter().filter_map(gap).chain(not_given).collect()
}

/// What the policies demand of the nodes of each egress in question. A policy that could not be asked breaks nothing
/// here: that it was not asked is a part of the report.
async fn demands(
    settings: &Diagnose,
    cluster: &Cluster,
    snapshot: &Snapshot,
    request: &Request,
    terminal: &mut Terminal,
) -> anyhow::Result<Demands> {
    let user = cluster.whoami().await;
    let occasion = Occasion { cluster: Some(cluster), snapshot, user: user.as_ref() };
    let mut judge = Judge::appoint(&settings.policies, &occasion, terminal).await?;
    let mut demands = Demands::new();
    if judge.is_idle() {
        return Ok(demands);
    }
    for egress in audit::egresses(snapshot, request.namespace.as_deref()) {
        if let Some(record) = egress.readable_record() {
            judge.learn_namespace(&egress.namespace, &occasion).await?;
            let pinning = judge.pinning("audit", &Subject::of(&record.intent));
            demands.insert((egress.namespace.clone(), egress.host.to_string()), pinning);
        }
    }
    Ok(demands)
}

async fn look(
    cluster: &Cluster,
    pods: &[PodFacts],
    hosts: &[DnsName],
) -> BTreeMap<PodName, Result<ProxyView, String>> {
    let looks = pods.iter().map(|pod| async move {
        let seen = cluster.look(pod, hosts, LOOK).await;
        (PodName::of(pod), seen.map_err(|error| error.to_string()))
    });
    futures::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await
}
