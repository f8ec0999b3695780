//! `remove`: deletes egresses in the reverse order of adding, with proof.

use egress_cluster::Cluster;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::command::{ShellCommand, Word};
use egress_core::departure::Departures;
use egress_core::host::DnsName;
use egress_core::intent::Layout;
use egress_core::inventory::{self, Egress, state};
use egress_core::plan;
use egress_core::snapshot::Snapshot;
use egress_policy::request_builder::RequestedEgress;
use egress_render::outcome::DryRun;

use super::change::{Change, Work};
use super::evaluation;
use super::prune;
use super::result;
use super::sight::{Readable, Sight};
use crate::exit::{Code, Failure};
use crate::policies::{self, EvaluationContext};
use crate::settings::remove::{Remove, Selection};
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
    let chosen = choose(settings, &namespace, &all)?;
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
        Sight::namespaces(gateway, &egress.callers(&snapshot))
    });
    let readable = Readable::ask(&cluster, namespaces).await?;
    let departures = Departures::of(&all, &snapshot);
    let mut work: Vec<Work> =
        chosen.iter().map(|egress| piece(egress, &departures, &readable, &snapshot)).collect();
    if settings.prune {
        prune::add_pairs(&mut work, &chosen, &all, &snapshot)?;
    }
    if settings.writing.mode == Mode::DryRunClient {
        let plans: Vec<_> = work.into_iter().map(|piece| piece.plan).collect();
        result::print_rehearsal(&plans, DryRun::Client, terminal)?;
        return Ok(Code::Done);
    }
    let change = Change {
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
    change.make(work, &[], terminal).await
}

fn piece(egress: &Egress<'_>, departures: &Departures<'_>, readable: &Readable, snapshot: &Snapshot) -> Work {
    let wanted = state::wanted(egress, snapshot).unwrap_or_default();
    let gateway = egress.gateway.as_ref().and_then(|name| snapshot.gateway(name));
    let sight = Sight::of(readable, gateway, &egress.callers(snapshot), snapshot);
    let mut warnings = departures.consequences(egress);
    if egress.layout.is_none() {
        warnings.push(format!(
            "{} was not made by this plugin; its Gateway and DestinationRule stay, because others may use them",
            egress.host
        ));
    }
    Work { plan: plan::remove::plan(egress, &wanted, departures), sight, warnings }
}

fn choose<'a>(settings: &Remove, namespace: &str, all: &[Egress<'a>]) -> Result<Vec<Egress<'a>>, Failure> {
    let here: Vec<&Egress<'a>> = all.iter().filter(|egress| egress.namespace == namespace).collect();
    let removable = |egress: &&&Egress<'_>| egress.layout.is_some() || settings.force;
    match &settings.selection {
        Selection::Hosts(hosts) => {
            let found = hosts.iter().map(|host| named(host, namespace, &here, settings.force));
            found.collect::<Result<Vec<Vec<Egress<'a>>>, Failure>>().map(|found| found.concat())
        }
        Selection::All => Ok(here.iter().filter(removable).map(|egress| (*egress).clone()).collect()),
        Selection::Labels(selector) => Ok(here
            .iter()
            .filter(removable)
            .filter(|egress| egress.parts.iter().any(|part| selector.matches(&part.resource.labels)))
            .map(|egress| (*egress).clone())
            .collect()),
    }
}

fn named<'a>(
    host: &DnsName,
    namespace: &str,
    here: &[&Egress<'a>],
    force: bool,
) -> Result<Vec<Egress<'a>>, Failure> {
    let found: Vec<&Egress<'a>> = here.iter().filter(|egress| egress.host == *host).copied().collect();
    let ours: Vec<Egress<'a>> =
        found.iter().filter(|egress| egress.layout.is_some()).map(|e| (*e).clone()).collect();
    match (ours.is_empty(), found.first()) {
        (false, _) => Ok(ours),
        (true, Some(foreign)) if force => Ok(vec![(*foreign).clone()]),
        (true, Some(foreign)) => Err(Failure {
            code: Code::Conflict,
            message: format!(
                "the egress of `{host}` in namespace {namespace} was not made by this plugin: {}",
                foreign.parts.iter().map(|part| part.resource.id.to_string()).collect::<Vec<_>>().join(", ")
            ),
            hint: Some(format!(
                "to remove it anyway: `{}`",
                ShellCommand::new(["kubectl", "egress", "remove"])
                    .word(Word::host(host.as_str()))
                    .in_namespace(namespace)
                    .word("--force")
            )),
        }),
        (true, None) => Err(Failure {
            code: Code::Failed,
            message: format!("no egress for host `{host}` found in namespace {namespace}"),
            hint: Some(format!(
                "see the existing egresses: `{}`",
                ShellCommand::new(["kubectl", "egress", "list"]).in_namespace(namespace)
            )),
        }),
    }
}

/// Whether an egress uses a shared pair.
pub(super) fn uses_pair(egress: &Egress<'_>) -> bool {
    egress.layout == Some(Layout::Shared)
}
