//! `guard`: policies of the API server that keep namespaces apart.
//!
//! Chooses the command, and tells the guard's state.

mod apply;
mod comparison;
mod lines;
mod permissions;
mod plan;
mod trial;
mod undo;

use egress_cluster::Cluster;
use egress_core::admission::guard::{Guard, GuardSettings, GuardedGateway};
use egress_core::admission::{AdmissionSet, SetState, Standing};
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_diagnose::report::GuardState;
use egress_render::admission as view;

use self::comparison::GuardComparison;
use super::document;
use crate::cli;
use crate::cli::global::Global;
use crate::cli::guard::GuardCommand;
use crate::exit::Code;
use crate::program::Program;
use crate::runtime;
use crate::settings::guard as settings;
use crate::settings::guard::Guarded;
use crate::terminal::Terminal;

/// Runs the typed command; without one, shows the list of commands.
pub(super) fn run(
    typed: cli::guard::Guard,
    global: &Global,
    program: &Program,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    match typed.command {
        None => {
            let mut command = cli::command(program);
            command.build();
            let help = command.find_subcommand_mut("guard").map(clap::Command::render_help);
            terminal.result(&help.map(|help| help.ansi().to_string()).unwrap_or_default())?;
            Ok(Code::Done)
        }
        Some(GuardCommand::Plan(typed)) => {
            runtime::run(plan::run(&settings::GuardPlan::resolve(&typed, global)?, terminal))
        }
        Some(GuardCommand::Apply(typed)) => {
            runtime::run(apply::run(&settings::Apply::resolve(&typed, global, terminal)?, terminal))
        }
        Some(GuardCommand::Status(typed)) => {
            runtime::run(status(&settings::GuardStatus::resolve(&typed, global)?, terminal))
        }
        Some(GuardCommand::Undo(typed)) => {
            runtime::run(undo::run(&settings::Undo::resolve(&typed, global, terminal)?, terminal))
        }
    }
}

/// Prints the state of the guard.
async fn status(settings: &settings::GuardStatus, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let comparison = Box::pin(GuardComparison::read(&cluster, &Guarded::default())).await?;
    let text = match &settings.output {
        None => view::table(&comparison.standings),
        Some(format) => document::text(&view::document(&comparison.guard, &comparison.standings), format)?,
    };
    terminal.result(&text)?;
    let gateways: Vec<String> =
        comparison.guard.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
    let of = gateways.join(", ");
    let (said, code) = match comparison.state() {
        SetState::Absent => {
            (format!("There is no guard for {of}; to write one: `kubectl egress guard apply`."), Code::Failed)
        }
        SetState::Incomplete => (
            format!("The guard for {of} is incomplete; to repair it: `kubectl egress guard apply`."),
            Code::Failed,
        ),
        SetState::Warn => (
            format!("The guard for {of} only warns; to refuse: `kubectl egress guard apply --deny`."),
            Code::Done,
        ),
        SetState::Deny => (format!("The guard for {of} is complete, and refuses."), Code::Done),
    };
    terminal.note(&said);
    for name in comparison.leftovers() {
        terminal.warning(&format!(
            "left over from an interrupted run: {}; `kubectl egress guard apply` removes it",
            view::policy_name(&name)
        ));
    }
    Ok(code)
}

/// The state of the guard, for other commands; `None` if the server could not be asked or does not have these policies.
pub(super) async fn state(cluster: &Cluster, snapshot: &Snapshot) -> Option<GuardState> {
    let found = match cluster.admission(AdmissionSet::Guard).await {
        Ok(found) => found?,
        Err(error) => return error.is_forbidden().then_some(GuardState::Unknown),
    };
    let Some(before) = GuardSettings::read(&found.policies) else {
        let empty = found.policies.is_empty() && found.bindings.is_empty();
        return Some(if empty { GuardState::Absent } else { GuardState::Incomplete });
    };
    let guarded: Vec<&GatewayFacts> =
        before.gateways.iter().filter_map(|name| snapshot.gateway(name)).collect();
    if guarded.len() < before.gateways.len() {
        return Some(GuardState::Incomplete);
    }
    let guard = Guard {
        gateways: guarded.iter().map(|gateway| GuardedGateway::of(gateway, snapshot)).collect(),
        cluster_domain: snapshot.mesh.cluster_domain.clone(),
        endpoint_writers: before.endpoint_writers,
    };
    let of = |policy| Standing::of(policy, &found.policies, &found.bindings);
    let standings: Vec<Standing> = guard.policies().iter().map(of).collect();
    Some(match SetState::of(&standings) {
        SetState::Deny => GuardState::Deny,
        SetState::Warn => GuardState::Warn,
        SetState::Absent | SetState::Incomplete => GuardState::Incomplete,
    })
}
