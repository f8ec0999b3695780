//! `add`: let the callers of a namespace reach hosts through an egress gateway.

use egress_cluster::fetch::{Namespaces, Scope};
use egress_cluster::{Cluster, ClusterError, config};
use egress_core::conflict;
use egress_core::intent::Intent;
use egress_core::inventory;
use egress_core::metadata::Record;
use egress_core::open_to;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_policy::evaluator::PolicyEvaluator;
use egress_policy::request_builder::RequestedEgress;
use egress_render::outcome::DryRun;
use jiff::Timestamp;

use super::change::{Change, Work};
use super::decide::{self, Existing};
use super::evaluation;
use super::sight::{Readable, Sight};
use super::{manifests, result, rights};
use crate::exit::{Code, Failure};
use crate::policies::{self, EvaluationContext};
use crate::runtime;
use crate::settings::add::Add;
use crate::settings::writing::Mode;
use crate::terminal::Terminal;

/// Adds, rehearses, or shows the difference.
pub(super) fn run(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    match settings.writing.mode {
        Mode::DryRunClient => runtime::run(offline(settings, terminal)),
        _ => runtime::run(online(settings, terminal)),
    }
}

/// `--dry-run=client`: what `add` would write to a cluster without existing objects.
async fn offline(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let namespace = match &settings.namespace {
        Some(namespace) => namespace.clone(),
        None => config::current_namespace(&settings.connection)?,
    };
    let stock = GatewayFacts::stock();
    let gateway = match &settings.gateway {
        Some(name) => GatewayFacts::assumed(name.clone(), stock.selector),
        None => stock,
    };
    terminal.note(&format!(
        "note: no cluster was asked, nor its policies; assumed gateway {} with ports 80 and 443",
        gateway.name
    ));
    let snapshot = Snapshot { gateways: vec![gateway.clone()], ..Snapshot::default() };
    let context =
        EvaluationContext { cluster: None, snapshot: &snapshot, user: None, namespaces: Vec::new() };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    require_hosts(&evaluator, &requested(settings, &namespace), settings, terminal)?;
    let mut plans = Vec::new();
    let mut parts = Vec::new();
    let mut opened: Vec<Intent> = Vec::new();
    for asked in records(settings, &namespace, &gateway, None) {
        let decision = decide::add(asked, &Existing::of(&[]), &gateway, &snapshot, &mut |record, parts| {
            evaluation::require_names(evaluator.names(record, parts), settings.policies.explain, terminal)
        })?;
        opened.push(decision.record.intent);
        plans.extend(decision.plans);
        parts.extend(decision.parts);
    }
    match &settings.output {
        None => {
            let intents: Vec<&Intent> = opened.iter().collect();
            if let Some(sentence) = open_to::sentence(&intents) {
                terminal.note(&format!("note: {sentence}"));
            }
            result::print_rehearsal(&plans, DryRun::Client, terminal)?;
        }
        Some(format) => manifests::print(&parts, &snapshot.mesh.api_version, format, terminal)?,
    }
    Ok(Code::Done)
}

async fn online(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let namespace = settings.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
    let scope = scope(settings, &namespace);
    let (snapshot, user) = tokio::join!(cluster.fetch(&scope), cluster.whoami());
    let snapshot = snapshot?;
    if !snapshot.namespaces.is_empty() && !snapshot.namespaces.iter().any(|known| known.name == namespace) {
        return Err(ClusterError::NamespaceNotFound(namespace).into());
    }
    if snapshot.mesh.root_unknown.is_some() {
        // A policy cannot grant a missing permission, so report that first.
        rights::require_in(&cluster, &namespace).await?;
    }
    let context = EvaluationContext {
        cluster: Some(&cluster),
        snapshot: &snapshot,
        user: user.as_ref(),
        namespaces: vec![&namespace],
    };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    let requested = requested(settings, &namespace);
    require_hosts(&evaluator, &requested, settings, terminal)?;
    let gateway = match required_gateway(&evaluator, &requested, settings, &snapshot, terminal)? {
        Some(required) => required,
        None => decide::gateway(settings.gateway.as_ref(), &snapshot)?,
    };
    let all = inventory::egresses(&snapshot);
    let existing = Existing::of(&all);
    let mut work: Vec<Work> = Vec::new();
    let mut opened: Vec<Intent> = Vec::new();
    let mut seen = snapshot.clone();
    let mut parts = Vec::new();
    for asked in records(settings, &namespace, gateway, user.as_ref().map(|user| user.name.as_str())) {
        let decision = decide::add(asked, &existing, gateway, &seen, &mut |record, parts| {
            evaluation::require_names(evaluator.names(record, parts), settings.policies.explain, terminal)
        })?;
        // The next host finds the objects of the one before: the shared pair is written once.
        seen.resources.extend(decision.parts.iter().map(|part| part.resource.clone()));
        parts.extend(decision.parts.clone());
        opened.push(decision.record.intent.clone());
        let mut warnings = decision.warnings;
        // All hosts of one command have the same callers.
        let sight = match work.first() {
            None => sight(&decision.record, gateway, &cluster, &snapshot).await?,
            Some(Work { sight, .. }) => sight.clone(),
        };
        work.extend(decision.plans.into_iter().map(|plan| Work {
            plan,
            sight: sight.clone(),
            warnings: std::mem::take(&mut warnings),
        }));
    }
    let intents: Vec<&Intent> = opened.iter().collect();
    let change = Change {
        cluster: &cluster,
        api_version: &snapshot.mesh.api_version,
        force_conflicts: settings.force_conflicts,
        writing: &settings.writing,
        output: settings.output.as_ref(),
        question: "Add?",
        unreadable: &snapshot.unreadable,
        opens: open_to::sentence(&intents),
    };
    change.make(work, &parts, terminal).await
}

/// Refuses hosts that the policies do not allow.
fn require_hosts(
    evaluator: &PolicyEvaluator,
    requested: &RequestedEgress<'_>,
    settings: &Add,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let evaluation = evaluator.hosts("add", requested);
    evaluation::require_hosts(&evaluation, settings.policies.explain, settings.output.as_ref(), terminal)
}

/// The gateway whose pods run on the nodes that the policies require; `None`: no requirement.
fn required_gateway<'a>(
    evaluator: &PolicyEvaluator,
    requested: &RequestedEgress<'_>,
    settings: &Add,
    snapshot: &'a Snapshot,
    terminal: &mut Terminal,
) -> Result<Option<&'a GatewayFacts>, Failure> {
    let placement = evaluator.placement("add", requested);
    evaluation::require_placement(&placement, settings.policies.explain, terminal)?;
    let gateway = evaluator.gateway(&placement, settings.gateway.as_ref(), snapshot);
    gateway.map_err(|misfit| evaluation::no_gateway(&misfit, terminal))
}

async fn sight(
    record: &Record,
    gateway: &GatewayFacts,
    cluster: &Cluster,
    snapshot: &Snapshot,
) -> Result<Sight, ClusterError> {
    let callers = conflict::callers(&record.intent.export_to, &record.intent.namespace, snapshot);
    let readable = Readable::ask(cluster, Sight::namespaces(Some(gateway), &callers)).await?;
    Ok(Sight::of(&readable, Some(gateway), &callers, snapshot))
}

fn scope(settings: &Add, namespace: &str) -> Scope {
    let everywhere = settings.export_to.iter().any(|word| word == "*");
    let named = settings.export_to.iter().filter(|word| *word != ".").cloned();
    Scope {
        namespaces: if everywhere {
            Namespaces::All(vec![namespace.to_owned()])
        } else {
            Namespaces::Some(named.chain([namespace.to_owned()]).collect())
        },
        gateway: settings.gateway.clone(),
        nodes: false,
        root_namespace: settings.policies.root_namespace.clone(),
    }
}

fn requested<'a>(settings: &'a Add, namespace: &'a str) -> RequestedEgress<'a> {
    RequestedEgress {
        hosts: settings.targets.iter().map(|target| (&target.host, &target.ports)).collect(),
        namespace,
        export_to: &settings.export_to,
        layout: settings.layout,
        hop: settings.hop,
        reason: settings.reason.as_deref(),
    }
}

fn records(settings: &Add, namespace: &str, gateway: &GatewayFacts, user: Option<&str>) -> Vec<Record> {
    let now = Timestamp::now();
    let record = |target: &egress_core::target::Target| Record {
        intent: Intent {
            host: target.host.clone(),
            ports: target.ports.clone(),
            namespace: namespace.to_owned(),
            gateway: gateway.name.clone(),
            layout: settings.layout,
            hop: settings.hop,
            export_to: settings.export_to.clone(),
            reason: settings.reason.clone(),
        },
        names: egress_core::names::Names::default(),
        added_at: Timestamp::from_second(now.as_second()).ok(),
        added_by: user.map(str::to_owned),
    };
    settings.targets.iter().map(record).collect()
}
