//! `guard apply`: runs a trial, writes the policies, then their bindings, and checks that they are in force.

use egress_cluster::Cluster;
use egress_cluster::access::Right;
use egress_core::admission::{AdmissionSet, Standing, Trial};
use egress_core::metadata::FIELD_MANAGER;
use egress_render::admission as view;
use egress_render::format::OutputFormat;

use super::super::document;
use super::super::interrupt::Interrupt;
use super::comparison::GuardComparison;
use super::lines::lines;
use super::permissions::{require, rights};
use super::{plan, trial, undo};
use crate::exit::Code;
use crate::settings::guard::Apply;
use crate::settings::writing::Mode;
use crate::terminal::Terminal;

/// Namespaces that every cluster has: the trial sends its dry-run requests to one of them.
const HOMES: [&str; 3] = ["default", "kube-public", "kube-node-lease"];

/// Applies the guard, or does a dry run.
pub(super) async fn run(settings: &Apply, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let comparison = Box::pin(GuardComparison::read(&cluster, &settings.guarded)).await?;
    let format = settings.writing.output.as_ref();
    if settings.writing.mode == Mode::DryRunClient {
        plan::print(&comparison, format, terminal)?;
        return Ok(Code::Done);
    }
    let guarded = comparison.guard.namespaces();
    let home = HOMES.into_iter().find(|home| !guarded.contains(home)).unwrap_or("default");
    let trials = comparison.guard.trials(home, &comparison.snapshot.mesh.api_version);
    require(&cluster, needed(home)).await?;
    if settings.writing.mode == Mode::DryRunServer {
        write(&cluster, &comparison, true).await?;
        plan::print(&comparison, format, terminal)?;
        return Ok(Code::Done);
    }
    comparison.report_broken(terminal);
    // Before the question, since Ctrl-C is an answer to it.
    let mut interrupt = Interrupt::catch()?;
    if !comparison.is_done() {
        if !settings.writing.confirmed && terminal.can_ask() {
            terminal.note(&plan::steps(&comparison).join("\n"));
            if !terminal.confirm("Apply?")? {
                return Ok(Code::Failed);
            }
        }
        let changed: Vec<Trial> = trials
            .iter()
            .filter(|trial| {
                comparison.standings.iter().any(|one| one.name == trial.of && is_written(one, &comparison))
            })
            .cloned()
            .collect();
        let waiting = terminal.wait("trial of the policies");
        trial::run(&cluster, &changed, settings.timeout, &mut interrupt).await?;
        drop(waiting);
        write(&cluster, &comparison, false).await?;
        undo::delete(&cluster, &comparison.leftovers(), false).await?;
    }
    let waiting = terminal.wait("policies in force");
    trial::in_force(&cluster, &trials, comparison.enforcement, settings.timeout, &mut interrupt).await?;
    drop(waiting);
    print(&cluster, &comparison, format, terminal).await?;
    Ok(Code::Done)
}

fn is_written(standing: &Standing, comparison: &GuardComparison) -> bool {
    plan::writes_policy(standing) || plan::writes_binding(standing, comparison.enforcement)
}

/// Policies before bindings: a binding without its policy lets everything through.
async fn write(cluster: &Cluster, comparison: &GuardComparison, dry_run: bool) -> anyhow::Result<()> {
    let each = || comparison.policies.iter().zip(&comparison.standings);
    for (policy, _) in each().filter(|(_, standing)| plan::writes_policy(standing)) {
        cluster.apply_admission(&policy.policy(), FIELD_MANAGER, dry_run).await?;
    }
    for (policy, _) in each().filter(|(_, standing)| plan::writes_binding(standing, comparison.enforcement)) {
        cluster.apply_admission(&policy.binding(comparison.enforcement), FIELD_MANAGER, dry_run).await?;
    }
    Ok(())
}

async fn print(
    cluster: &Cluster,
    comparison: &GuardComparison,
    format: Option<&OutputFormat>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let text = match format {
        None | Some(OutputFormat::Wide) => {
            let verb = |changed| if changed { "serverside-applied" } else { "unchanged" };
            let policies = comparison
                .standings
                .iter()
                .map(|one| format!("{} {}", view::policy_name(&one.name), verb(plan::writes_policy(one))));
            let bindings = comparison.standings.iter().map(|one| {
                let changed = plan::writes_binding(one, comparison.enforcement);
                format!("{} {}", view::binding_name(&one.name), verb(changed))
            });
            lines(policies.chain(bindings))
        }
        Some(OutputFormat::Name) => plan::names(comparison),
        Some(format) => {
            let found = cluster.admission(AdmissionSet::Guard).await?.unwrap_or_default();
            let standing = |policy| Standing::of(policy, &found.policies, &found.bindings);
            let standings: Vec<Standing> = comparison.policies.iter().map(standing).collect();
            document::text(&view::document(&comparison.guard, &standings), format)?
        }
    };
    terminal.result(&text)?;
    Ok(())
}

/// What to write, and what the trial sends.
fn needed(home: &str) -> Vec<Right> {
    let trial = [
        ("networking.istio.io", "serviceentries"),
        ("networking.istio.io", "virtualservices"),
        ("networking.istio.io", "destinationrules"),
        ("networking.istio.io", "gateways"),
        ("discovery.k8s.io", "endpointslices"),
        ("", "endpoints"),
    ];
    let create = |(group, resource)| Right {
        verb: "create",
        group,
        resource,
        subresource: "",
        namespace: Some(home.to_owned()),
        name: None,
    };
    let mut needed = rights(&["create", "patch", "delete"]);
    needed.extend(trial.map(create));
    needed
}
