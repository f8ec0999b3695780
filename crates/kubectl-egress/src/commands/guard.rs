//! `guard`: policies of the API server that keep namespaces apart.
//!
//! Finds the guarded gateways and the guard's state, for all of its commands.

mod apply;
mod plan;
mod trial;
mod undo;

use std::collections::BTreeSet;

use egress_cluster::Cluster;
use egress_cluster::access::Right;
use egress_cluster::admission::{AdmissionObjects, BINDINGS, GROUP, POLICIES};
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::admission::guard::{Guard, GuardRule, GuardSettings, GuardedGateway};
use egress_core::admission::{AdmissionPolicy, AdmissionSet, BindingState, Enforcement, SetState, Standing};
use egress_core::intent::GatewayName;
use egress_core::inventory;
use egress_core::operation::gateway;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_diagnose::report::GuardState;
use egress_render::admission as view;
use egress_render::manifest;

use super::document;
use crate::cli;
use crate::cli::global::Global;
use crate::cli::guard::GuardCommand;
use crate::exit::{Code, Failure};
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
            runtime::run(plan::run(&settings::Plan::resolve(&typed, global)?, terminal))
        }
        Some(GuardCommand::Apply(typed)) => {
            runtime::run(apply::run(&settings::Apply::resolve(&typed, global, terminal)?, terminal))
        }
        Some(GuardCommand::Status(typed)) => {
            runtime::run(status(&settings::Status::resolve(&typed, global)?, terminal))
        }
        Some(GuardCommand::Undo(typed)) => {
            runtime::run(undo::run(&settings::Undo::resolve(&typed, global, terminal)?, terminal))
        }
    }
}

/// The wanted and the existing guard.
struct Scene {
    snapshot: Snapshot,
    guard: Guard,
    enforcement: Enforcement,
    policies: Vec<AdmissionPolicy>,
    standings: Vec<Standing>,
    found: AdmissionObjects,
}

impl Scene {
    async fn read(cluster: &Cluster, guarded: &Guarded) -> anyhow::Result<Self> {
        let scope = Scope {
            namespaces: Namespaces::All(Vec::new()),
            gateway: guarded.gateways.first().cloned(),
            nodes: false,
            root_namespace: None,
        };
        let (snapshot, found) = tokio::join!(cluster.fetch(&scope), cluster.admission(AdmissionSet::Guard));
        let (snapshot, found) = (snapshot?, found?.ok_or_else(too_old)?);
        let before = GuardSettings::read(&found.policies).unwrap_or_default();
        let gateways = gateways(guarded, &before, &snapshot)?;
        let writers = if guarded.endpoint_writers.is_empty() {
            before.endpoint_writers
        } else {
            guarded.endpoint_writers.clone()
        };
        let guard = Guard {
            gateways: gateways.iter().map(|gateway| GuardedGateway::of(gateway, &snapshot)).collect(),
            cluster_domain: snapshot.mesh.cluster_domain.clone(),
            endpoint_writers: writers,
        };
        let policies = guard.policies();
        let standings: Vec<Standing> =
            policies.iter().map(|policy| Standing::of(policy, &found.policies, &found.bindings)).collect();
        let refuses = standings.iter().any(|standing| standing.binding == BindingState::Deny);
        let today = if refuses { Enforcement::Deny } else { Enforcement::Warn };
        let enforcement = guarded.enforcement.unwrap_or(today);
        Ok(Scene { snapshot, guard, enforcement, policies, standings, found })
    }

    fn state(&self) -> SetState {
        SetState::of(&self.standings)
    }

    /// Whether the guard is complete and current, without leftovers.
    fn is_done(&self) -> bool {
        let wanted = match self.enforcement {
            Enforcement::Warn => SetState::Warn,
            Enforcement::Deny => SetState::Deny,
        };
        let exact = self.standings.iter().all(|standing| {
            (standing.binding == BindingState::Deny) == (self.enforcement == Enforcement::Deny)
        });
        exact && self.state() == wanted && self.leftovers().is_empty()
    }

    /// Names of superfluous policies and bindings of the set: from an interrupted trial, or from an older version.
    fn leftovers(&self) -> BTreeSet<String> {
        let wanted: BTreeSet<&str> = self.policies.iter().map(|policy| policy.name.as_str()).collect();
        let policies = self.found.policies.iter().filter_map(|found| found.metadata.name.clone());
        let bindings = self.found.bindings.iter().filter_map(|found| found.metadata.name.clone());
        policies.chain(bindings).filter(|name| !wanted.contains(name.as_str())).collect()
    }

    /// Existing objects that violate a rule, one line each.
    fn broken(&self) -> Vec<String> {
        let broken = self.snapshot.resources.iter().filter_map(|resource| {
            let object = resource.to_json(&self.snapshot.mesh.api_version).ok()?;
            let rules = self.guard.judge(resource.id.kind.plural(), &object);
            let words: Vec<&str> = rules.into_iter().map(GuardRule::word).collect();
            let name = manifest::name(&resource.id);
            (!words.is_empty())
                .then(|| format!("{name} in namespace {}: {}", resource.id.namespace, words.join(", ")))
        });
        broken.collect()
    }

    /// Prints existing objects that the guard would refuse on their next change.
    fn report_broken(&self, terminal: &mut Terminal) {
        for line in self.broken() {
            terminal.warning(&format!("already breaks a rule, and is not changed: {line}"));
        }
        if !self.snapshot.has_istio_of(None) {
            terminal.warning(
                "no permission to read every namespace: objects there that break a rule are not listed",
            );
        }
    }
}

/// Prints the state of the guard.
async fn status(settings: &settings::Status, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let scene = Box::pin(Scene::read(&cluster, &Guarded::default())).await?;
    let text = match &settings.output {
        None => view::table(&scene.standings),
        Some(format) => document::text(&view::document(&scene.guard, &scene.standings), format)?,
    };
    terminal.result(&text)?;
    let gateways: Vec<String> = scene.guard.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
    let of = gateways.join(", ");
    let (said, code) = match scene.state() {
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
    for name in scene.leftovers() {
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

/// The named gateways, else those of the existing guard, else those that egresses use, else the only one.
fn gateways(
    guarded: &Guarded,
    before: &GuardSettings,
    snapshot: &Snapshot,
) -> anyhow::Result<Vec<GatewayFacts>> {
    let used = || -> BTreeSet<GatewayName> {
        let egresses = inventory::egresses(snapshot);
        let ours = egresses.iter().filter(|egress| egress.layout.is_some());
        ours.filter_map(|egress| egress.gateway.clone()).collect()
    };
    let names = match (&guarded.gateways, &before.gateways) {
        (named, _) if !named.is_empty() => named.clone(),
        (_, before) if !before.is_empty() => before.clone(),
        _ => used(),
    };
    if names.is_empty() {
        return Ok(vec![gateway::choose(None, snapshot)?.clone()]);
    }
    let find = |name: &GatewayName| {
        snapshot.gateway(name).cloned().ok_or_else(|| Failure {
            code: Code::Failed,
            message: format!("egress gateway {name} does not exist"),
            hint: Some(
                "name the gateways to guard: `kubectl egress guard apply --gateway NAMESPACE/NAME`"
                    .to_owned(),
            ),
        })
    };
    Ok(names.iter().map(find).collect::<Result<_, Failure>>()?)
}

fn too_old() -> Failure {
    Failure {
        code: Code::Failed,
        message:
            "this cluster has no ValidatingAdmissionPolicy in admissionregistration.k8s.io/v1; expected \
                  Kubernetes 1.30 or newer"
                .to_owned(),
        hint: Some("type `kubectl version`".to_owned()),
    }
}

/// Refuses without the permissions, before any change. A policy is written and deleted by its name.
async fn require(cluster: &Cluster, rights: Vec<Right>) -> anyhow::Result<()> {
    let allowed = cluster.can_i(&rights).await?;
    let missing: Vec<String> = rights
        .iter()
        .zip(allowed)
        .filter(|(_, allowed)| !allowed)
        .map(|(right, _)| right.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure {
        code: Code::Unreachable,
        message: format!("you lack the permission to {}", missing.join("; ")),
        hint: Some(format!(
            "an administrator can grant it: `kubectl create clusterrole egress-guard --verb=get,list,create,patch,delete \
             --resource={POLICIES}.{GROUP},{BINDINGS}.{GROUP}`; the trial also needs `create` on the guarded kinds in one \
             namespace"
        )),
    }
    .into())
}

/// A permission for policies and for bindings.
fn rights(verbs: &[&'static str]) -> Vec<Right> {
    let of = |resource| {
        verbs.iter().map(move |verb| Right {
            verb,
            group: GROUP,
            resource,
            subresource: "",
            namespace: None,
            name: None,
        })
    };
    of(POLICIES).chain(of(BINDINGS)).collect()
}

/// Joins texts, each on a line of its own.
fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |all, text| all + &text + "\n")
}
