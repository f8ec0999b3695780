//! `remove`: deletes egresses in the reverse order of adding, with proof.

use std::collections::BTreeSet;

use egress_cluster::Cluster;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::index::Index;
use egress_core::inventory::{self, Egress, state};
use egress_core::operation::proxy_access::ProxyAccess;
use egress_core::operation::remove::SelectedEgresses;
use egress_core::operation::{prune, remove as operation};
use egress_core::plan;
use egress_core::removal_impact::RemovalImpact;
use egress_core::snapshot::Snapshot;
use egress_policy::request_builder::RequestedEgress;
use egress_render::outcome::DryRun;

use super::change::{ChangeSet, PlannedChange};
use super::evaluation;
use super::readable::readable;
use super::result;
use crate::exit::Code;
use crate::policies::{self, EvaluationContext};
use crate::settings::remove::Remove;
use crate::settings::writing::Mode;
use crate::terminal::Terminal;

/// Removes, or does a dry run.
pub(super) async fn run(settings: &Remove, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let namespace = settings.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
    // Callers of other namespaces may use the egress, and the shared pair is unused only if no namespace uses it.
    let scope = Scope {
        namespaces: Namespaces::All(vec![namespace.clone()]),
        gateway: None,
        nodes: false,
        root_namespace: settings.policies.root_namespace.clone(),
    };
    let (snapshot, user) = tokio::join!(cluster.fetch(&scope), cluster.whoami());
    let snapshot = snapshot?;
    super::list::require_readable(&snapshot, Some(&namespace))?;
    let all = inventory::egresses(&snapshot);
    let SelectedEgresses { found: chosen, missing } =
        operation::choose(&settings.selection, settings.force, &namespace, &all)?;
    if chosen.is_empty() {
        terminal.note(&format!("No egress to remove found in {namespace} namespace."));
        return Ok(Code::Done);
    }
    let context = EvaluationContext {
        cluster: Some(&cluster),
        snapshot: &snapshot,
        user: user.as_ref(),
        namespaces: vec![&namespace],
    };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    for record in chosen.iter().filter_map(Egress::readable_record) {
        let evaluation = evaluator.hosts("remove", &RequestedEgress::of(&record.intent));
        let explain = settings.policies.explain;
        evaluation::require_hosts(&evaluation, explain, settings.output.as_ref(), terminal)?;
    }
    let namespaces = chosen.iter().flat_map(|egress| {
        let gateway = egress.gateway.as_ref().and_then(|name| snapshot.gateway(name));
        ProxyAccess::namespaces(gateway, &egress.callers(&snapshot))
    });
    let readable = readable(&cluster, namespaces).await?;
    let impact = RemovalImpact::of(&all, &snapshot);
    let mut changes: Vec<PlannedChange> =
        chosen.iter().map(|egress| planned(egress, &impact, &readable, &snapshot)).collect();
    if settings.prune
        && let Some(last) = changes.last_mut()
    {
        let index = Index::of(&snapshot);
        last.plan.steps.extend(prune::steps(&chosen, &all, &index.without([]))?);
    }
    if settings.writing.mode == Mode::DryRunClient {
        let plans: Vec<_> = changes.into_iter().map(|change| change.plan).collect();
        result::print_dry_run(&plans, DryRun::Client, terminal)?;
        return missing.map_or(Ok(Code::Done), |missing| Err(missing.into()));
    }
    let change = ChangeSet {
        cluster: &cluster,
        api_version: &snapshot.mesh.api_version,
        // Every write of a removal ends in a deletion, which has no field manager.
        force_conflicts: false,
        writing: &settings.writing,
        output: settings.output.as_ref(),
        question: "Remove?",
        unreadable: &snapshot.unreadable,
        opens: None,
    };
    let code = change.run(changes, &[], terminal).await?;
    match missing {
        // As kubectl does: what is there is deleted, and what is not is an error in the end.
        Some(missing) if code == Code::Done => Err(missing.into()),
        _ => Ok(code),
    }
}

fn planned(
    egress: &Egress<'_>,
    impact: &RemovalImpact<'_>,
    readable: &BTreeSet<String>,
    snapshot: &Snapshot,
) -> PlannedChange {
    let wanted = state::wanted(egress, snapshot).unwrap_or_default();
    let gateway = egress.gateway.as_ref().and_then(|name| snapshot.gateway(name));
    let access = ProxyAccess::of(readable, gateway, &egress.callers(snapshot), snapshot);
    let mut warnings = impact.consequences(egress);
    if egress.layout.is_none() {
        warnings.push(format!(
            "{} was not made by this plugin; its Gateway and DestinationRule stay, because others may use them",
            egress.host
        ));
    }
    PlannedChange { plan: plan::remove::plan(egress, &wanted, impact), access, warnings }
}
