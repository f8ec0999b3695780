//! `add`: let the callers of a namespace reach hosts through an egress gateway.

use std::cell::OnceCell;

use egress_cluster::access::User;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_cluster::{Cluster, ClusterError, config};
use egress_core::callers::callers;
use egress_core::dialect::Part;
use egress_core::index::Index;
use egress_core::intent::Intent;
use egress_core::inventory;
use egress_core::metadata::Record;
use egress_core::open_to;
use egress_core::operation::add::{AddError, Chosen, Decision, NamedRequest, Requested};
use egress_core::operation::existing::Existing;
use egress_core::operation::gateway;
use egress_core::operation::proxy_access::ProxyAccess;
use egress_core::plan::Plan;
use egress_core::preflight::{self, Preflight, PreflightResult};
use egress_core::related_resources::RelatedResources;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_policy::evaluator::PolicyEvaluator;
use egress_policy::request_builder::RequestedEgress;
use egress_render::outcome::DryRun;
use jiff::Timestamp;

use super::change::{ChangeSet, PlannedChange};
use super::evaluation;
use super::readable::readable;
use super::{manifests, result, rights};
use crate::exit::{Code, Failure};
use crate::policies::{self, EvaluationContext};
use crate::runtime;
use crate::settings::add::Add;
use crate::settings::writing::Mode;
use crate::terminal::Terminal;

/// Adds, does a dry run, or shows the difference.
pub(super) fn run(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    runtime::run(add(settings, terminal))
}

async fn add(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let request_context = match settings.writing.mode {
        Mode::DryRunClient => RequestContext::assumed(settings, terminal)?,
        _ => Box::pin(RequestContext::read(settings)).await?,
    };
    let RequestContext { cluster, namespace, snapshot, related, user } = &request_context;
    let context = EvaluationContext {
        cluster: cluster.as_ref(),
        snapshot,
        user: user.as_ref(),
        namespaces: vec![namespace],
    };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    let request = request(settings, namespace);
    require_hosts(&evaluator, &request, settings, terminal)?;
    let required = match cluster {
        Some(_) => required_gateway(&evaluator, &request, settings, snapshot, terminal)?,
        None => None,
    };
    let gateway = required.map_or_else(|| gateway::choose(settings.gateway.as_ref(), snapshot), Ok)?;
    let egresses = inventory::egresses(snapshot);
    let existing = Existing::of(&egresses);
    let asked = records(settings, namespace, gateway, user.as_ref().map(|user| user.name.as_str()));
    // The next host finds the objects of the one before: what all egresses of the gateway use is written once.
    let named: Vec<OnceCell<NamedRequest<'_, '_>>> = asked.iter().map(|_| OnceCell::new()).collect();
    let mut index = Index::of(snapshot);
    let mut decisions = Vec::new();
    for (asked, cell) in asked.into_iter().zip(&named) {
        let requested = Requested::of(asked, &existing, gateway, &snapshot.mesh)?;
        let answers = evaluator.names(&requested.record, &requested.parts);
        let (chosen, metadata) = evaluation::require_names(answers, settings.policies.explain, terminal)?;
        let host = requested.named(Chosen { names: chosen, metadata }, &index)?;
        let host = cell.get_or_init(|| host);
        decisions.push(host.plan(&existing, &index)?);
        for part in &host.parts {
            index.insert(&part.resource);
        }
    }
    let named: Vec<&NamedRequest<'_, '_>> = named.iter().filter_map(OnceCell::get).collect();
    let parts: Vec<Part> = named.iter().flat_map(|host| host.parts.iter().cloned()).collect();
    let intents: Vec<&Intent> = named.iter().map(|host| &host.record.intent).collect();
    let opens = open_to::sentence(&intents);
    let Some(cluster) = cluster else {
        let plans: Vec<Plan> = decisions.into_iter().flat_map(|decision| decision.plans).collect();
        return print(settings, &plans, &parts, snapshot, opens, terminal);
    };
    require_paths(&named, &decisions, &index, related.as_ref())?;
    let access = match named.first() {
        // All hosts of one command have the same callers.
        Some(first) => proxy_access(&first.record, gateway, cluster, snapshot).await?,
        None => return Ok(Code::Done),
    };
    let change = ChangeSet {
        cluster,
        api_version: &snapshot.mesh.api_version,
        force_conflicts: settings.force_conflicts,
        writing: &settings.writing,
        output: settings.output.as_ref(),
        question: "Add?",
        unreadable: &snapshot.unreadable,
        opens,
    };
    change.run(planned(decisions, &access), &parts, terminal).await
}

/// What `add` decides on, besides the request.
struct RequestContext {
    /// `None`: no cluster is asked.
    cluster: Option<Cluster>,
    namespace: String,
    snapshot: Snapshot,
    /// What a simulation of calls needs besides; none without the permission to read it.
    related: Option<RelatedResources>,
    user: Option<User>,
}

impl RequestContext {
    /// The cluster, with the objects that matter for the request.
    async fn read(settings: &Add) -> anyhow::Result<Self> {
        let cluster = Cluster::connect(&settings.connection).await?;
        let namespace = settings.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
        let scope = scope(settings, &namespace);
        let (snapshot, related, user) =
            tokio::join!(cluster.fetch(&scope), cluster.for_simulation(), cluster.whoami());
        let snapshot = snapshot?;
        if !snapshot.namespaces.is_empty() && !snapshot.namespaces.iter().any(|known| known.name == namespace)
        {
            return Err(ClusterError::NamespaceNotFound(namespace).into());
        }
        if snapshot.mesh.root_unknown.is_some() {
            // A policy cannot grant a missing permission, so report that first.
            rights::require_in(&cluster, &namespace).await?;
        }
        Ok(RequestContext { cluster: Some(cluster), namespace, snapshot, related: related?, user })
    }

    /// A mesh as Istio installs it, without existing objects.
    fn assumed(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Self> {
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
        let snapshot = Snapshot { gateways: vec![gateway], ..Snapshot::default() };
        Ok(RequestContext { cluster: None, namespace, snapshot, related: None, user: None })
    }
}

/// `--dry-run=client`: what would be written to a cluster without existing objects.
fn print(
    settings: &Add,
    plans: &[Plan],
    parts: &[Part],
    snapshot: &Snapshot,
    opens: Option<String>,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    match &settings.output {
        None => {
            if let Some(sentence) = opens {
                terminal.note(&format!("note: {sentence}"));
            }
            result::print_dry_run(plans, DryRun::Client, terminal)?;
        }
        Some(format) => manifests::print(parts, &snapshot.mesh.api_version, format, terminal)?,
    }
    Ok(Code::Done)
}

fn planned(decisions: Vec<Decision>, access: &ProxyAccess) -> Vec<PlannedChange> {
    let changes = decisions.into_iter().flat_map(|Decision { plans, mut warnings }| {
        let change = move |plan| PlannedChange {
            plan,
            access: access.clone(),
            warnings: std::mem::take(&mut warnings),
        };
        plans.into_iter().map(change)
    });
    changes.collect()
}

/// Refuses what would not lead calls through the gateway, or would change calls of others.
fn require_paths(
    named: &[&NamedRequest<'_, '_>],
    decisions: &[Decision],
    index: &Index<'_>,
    related: Option<&RelatedResources>,
) -> Result<(), AddError> {
    let wanted: Vec<_> = named.iter().map(|host| (&host.record.intent, host.parts.as_slice())).collect();
    let plans: Vec<&Plan> = decisions.iter().flat_map(|decision| &decision.plans).collect();
    match preflight::check(&Preflight { index, related, wanted: &wanted, plans: &plans }) {
        PreflightResult::Passed(calls) => tracing::info!(calls, "simulated calls take the wanted paths"),
        PreflightResult::Unknown(reason) => tracing::info!(reason, "no calls were simulated"),
        PreflightResult::Refused(conflicts) => return Err(AddError::Conflicts(conflicts)),
    }
    Ok(())
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

async fn proxy_access(
    record: &Record,
    gateway: &GatewayFacts,
    cluster: &Cluster,
    snapshot: &Snapshot,
) -> Result<ProxyAccess, ClusterError> {
    let namespaces = callers(&record.intent.export_to, &record.intent.namespace, snapshot);
    let readable = readable(cluster, ProxyAccess::namespaces(Some(gateway), &namespaces)).await?;
    Ok(ProxyAccess::of(&readable, Some(gateway), &namespaces, snapshot))
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

fn request<'a>(settings: &'a Add, namespace: &'a str) -> RequestedEgress<'a> {
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
        names: egress_core::names::ChosenNames::default(),
        added_at: Timestamp::from_second(now.as_second()).ok(),
        added_by: user.map(str::to_owned),
    };
    settings.targets.iter().map(record).collect()
}
