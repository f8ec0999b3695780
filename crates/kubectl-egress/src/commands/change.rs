//! A change to the cluster, from plans to an exit code: rights, question, steps, result.
//!
//! What `add` and `remove` have in common once it is decided what to do.

use egress_cluster::write::WriteOptions;
use egress_cluster::{Cluster, ClusterError};
use egress_core::dialect::Part;
use egress_core::operation::proxy_access::ProxyAccess;
use egress_core::plan::meanwhile::changed_meanwhile;
use egress_core::plan::{Action, Plan, Step};
use egress_core::role::Role;
use egress_core::unreadable::Unreadable;
use egress_render::format::OutputFormat;
use egress_render::outcome::{DryRun, HostOutcome, OutcomeVerb, Proven};
use egress_render::{diff, plan as plan_view};
use futures::stream::{self, StreamExt as _};

use super::engine::{AT_ONCE, Engine, RunStatus};
use super::interrupt::Interrupt;
use super::{manifests, result, rights};
use crate::exit::{Code, Failure};
use crate::settings::writing::{Mode, Writing};
use crate::terminal::Terminal;

/// One plan, and the proxies that prove it.
pub(super) struct PlannedChange {
    /// The steps.
    pub plan: Plan,
    /// The proxies to read.
    pub access: ProxyAccess,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// How a change is made.
pub(super) struct ChangeSet<'a> {
    pub cluster: &'a Cluster,
    pub api_version: &'a str,
    pub force_conflicts: bool,
    pub writing: &'a Writing,
    pub output: Option<&'a OutputFormat>,
    /// What is asked before the first write.
    pub question: &'a str,
    pub unreadable: &'a [Unreadable],
    /// Who can use what is opened, in one sentence; none where nothing is.
    pub opens: Option<String>,
}

impl ChangeSet<'_> {
    /// Makes the change, or does a dry run, as the mode says. `parts` are what a dry run prints.
    pub(super) async fn run(
        &self,
        changes: Vec<PlannedChange>,
        parts: &[Part],
        terminal: &mut Terminal,
    ) -> anyhow::Result<Code> {
        let plans: Vec<Plan> = changes.iter().map(|change| change.plan.clone()).collect();
        for warning in changes.iter().flat_map(|change| &change.warnings) {
            terminal.warning(warning);
        }
        if self.writing.mode == Mode::Diff {
            let text = diff::unified(&plans, self.api_version, &terminal.palette())?;
            terminal.result(&text)?;
            return Ok(if text.is_empty() { Code::Done } else { Code::Pending });
        }
        let missing = rights::missing(self.cluster, &plans).await?;
        if !missing.is_empty() {
            let home = plans.first().map(|plan| plan.namespace.as_str()).unwrap_or_default();
            return Err(rights::refusal(&missing, home).into());
        }
        if self.writing.mode == Mode::DryRunServer {
            return self.dry_run(&plans, parts, terminal).await;
        }
        self.require_fields(&plans).await?;
        self.apply(changes, &plans, terminal).await
    }

    /// Refuses where another manager owns a field that would change. The API server alone knows that; asked in the middle of
    /// a plan it would leave the steps before done. Whatever else it says now, it says again when it is asked to store.
    async fn require_fields(&self, plans: &[Plan]) -> Result<(), ClusterError> {
        let options = self.options(true);
        let over_stored =
            |(_, action): &(&Step, &Action)| matches!(action, Action::Update(found) if found.live.is_some());
        let updates = plans.iter().flat_map(Plan::writes).filter(over_stored);
        let written = updates.map(|(step, action)| self.cluster.write(&step.object, action, &options));
        let mut written = std::pin::pin!(stream::iter(written).buffered(AT_ONCE));
        while let Some(answer) = written.next().await {
            if let Err(conflict @ ClusterError::Conflict { .. }) = answer {
                return Err(conflict);
            }
        }
        Ok(())
    }

    /// `--dry-run=server`: the API server and its webhooks check every object and store nothing. An object that is
    /// written in stages is checked as it will be in the end.
    async fn dry_run(&self, plans: &[Plan], parts: &[Part], terminal: &mut Terminal) -> anyhow::Result<Code> {
        self.say_who_can_use_it(terminal);
        let options = self.options(true);
        let mut checked = std::collections::BTreeSet::new();
        for (step, action) in plans.iter().flat_map(|plan| plan.writes().collect::<Vec<_>>()) {
            if checked.insert(step.object.id.clone()) {
                self.cluster.write(&step.object, action, &options).await?;
            }
        }
        match self.output {
            None => result::print_dry_run(plans, DryRun::Server, terminal)?,
            Some(format) => manifests::print(parts, self.api_version, format, terminal)?,
        }
        Ok(Code::Done)
    }

    async fn apply(
        &self,
        changes: Vec<PlannedChange>,
        plans: &[Plan],
        terminal: &mut Terminal,
    ) -> anyhow::Result<Code> {
        // Before the question: Ctrl-C is an answer to it.
        let mut interrupt = Interrupt::catch()?;
        if plans.iter().any(|plan| !plan.is_empty()) {
            self.say_what_cannot_be_proven(&changes, terminal)?;
            if !self.is_confirmed(plans, terminal)? {
                return Ok(Code::Failed);
            }
        }
        let engine =
            Engine { cluster: self.cluster, options: self.options(false), proof: self.writing.proof };
        let (outcomes, end) = engine.run(changes, &mut interrupt, terminal).await;
        match end {
            RunStatus::Done => say_what_is_unproven(&outcomes, terminal),
            // The error speaks of one object; what became of the others must be said as well.
            RunStatus::Failed(_) if is_anything_written(&outcomes) => {
                terminal.note(&result::progress(&outcomes));
            }
            _ => {}
        }
        result::print(&outcomes, self.output, terminal)?;
        if matches!(end, RunStatus::Done) {
            self.require_nobody_else(plans).await?;
        }
        finish(end, &outcomes, self.writing.proof.timeout)
    }

    /// Says what somebody else changed while this change was made: each of us may have seen and proven a part of it.
    async fn require_nobody_else(&self, plans: &[Plan]) -> anyhow::Result<()> {
        let written = plans.iter().flat_map(Plan::writes).map(|(step, _)| &step.object.id);
        let kinds = written.map(|id| (id.kind, id.namespace.as_str())).collect();
        let stored = match self.cluster.stored(&kinds, self.api_version).await {
            // Who may write and not list has written what is said.
            Err(ClusterError::Forbidden(_)) => return Ok(()),
            stored => stored?,
        };
        let changed = changed_meanwhile(plans, &stored);
        if changed.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = changed.iter().map(|changed| format!("  {changed}")).collect();
        Err(Failure {
            code: Code::Conflict,
            message: format!("somebody else changed the same egress meanwhile\n{}", lines.join("\n")),
            hint: Some("run the command again: it starts from the current state".to_owned()),
        }
        .into())
    }

    /// Says before the first write which proxies we may not read.
    fn say_what_cannot_be_proven(
        &self,
        changes: &[PlannedChange],
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let mut notes: Vec<String> = changes.iter().flat_map(|change| change.access.notes.clone()).collect();
        notes.dedup();
        let blind = changes.iter().any(|change| !change.access.is_full());
        if blind && self.writing.proof.required {
            return Err(no_access(&notes));
        }
        if !self.unreadable.is_empty() {
            let hidden: Vec<&str> = self.unreadable.iter().map(|row| row.what.as_str()).collect();
            terminal.note(&format!(
                "note: no permission to read these, so conflicts there cannot be found: {}",
                hidden.join("; ")
            ));
        }
        for note in &notes {
            terminal.note(&format!("note: {note}"));
        }
        self.say_who_can_use_it(terminal);
        Ok(())
    }

    fn say_who_can_use_it(&self, terminal: &mut Terminal) {
        if let Some(sentence) = &self.opens {
            terminal.note(&format!("note: {sentence}"));
        }
    }

    /// Shows the plan and asks, where someone is there to answer and has not answered already.
    fn is_confirmed(&self, plans: &[Plan], terminal: &mut Terminal) -> anyhow::Result<bool> {
        if self.writing.confirmed || !terminal.can_ask() {
            return Ok(true);
        }
        terminal.show(&plan_view::view(plans, &terminal.palette()));
        terminal.confirm(self.question)
    }

    fn options(&self, dry_run: bool) -> WriteOptions {
        WriteOptions {
            istio_version: self.api_version.to_owned(),
            dry_run,
            force_conflicts: self.force_conflicts,
            field_manager: self.writing.field_manager.clone(),
        }
    }
}

/// With `--require-proof`, refuse before the first write if we may not port-forward to the proxies.
fn no_access(notes: &[String]) -> Failure {
    Failure {
        code: Code::Unreachable,
        message: format!("`--require-proof`: {}", notes.join("; ")),
        hint: Some(
            "ask for the permissions `get` and `create` on `pods/portforward` there, or leave out `--require-proof`".to_owned(),
        ),
    }
}

/// A reader who sees no such line may take everything as proven.
fn say_what_is_unproven(outcomes: &[HostOutcome], terminal: &mut Terminal) {
    let mut proofs: Vec<Proven> = outcomes.iter().map(|outcome| outcome.proof).collect();
    proofs.dedup();
    for proof in proofs.into_iter().filter(|proof| *proof != Proven::Full) {
        terminal.note(&format!("proof: {proof}"));
    }
}

fn finish(end: RunStatus, outcomes: &[HostOutcome], timeout: std::time::Duration) -> anyhow::Result<Code> {
    match end {
        RunStatus::Done => Ok(Code::Done),
        RunStatus::Failed(error) => Err(error.into()),
        RunStatus::Unproven(lacks) if waited_for_the_pair(outcomes) => Err(Failure {
            code: Code::Failed,
            message: format!(
                "nothing was written: you may not read the gateway's two shared objects, and no proxy had them within \
                 {timeout:?}: {lacks}"
            ),
            hint: Some(
                "the gateway's owner writes the two objects with the first host; `--layout documented` needs \
                 permissions only in your namespace"
                    .to_owned(),
            ),
        }
        .into()),
        RunStatus::Unproven(lacks) => Err(Failure {
            code: Code::Unproven,
            message: format!("not live within {timeout:?}: {lacks}\n{}", result::progress(outcomes)),
            hint: Some(
                "run the same command again to continue from here; `kubectl egress diagnose` shows the reason"
                    .to_owned(),
            ),
        }
        .into()),
        RunStatus::Interrupted => Err(Failure {
            code: Code::Interrupted,
            message: format!("interrupted\n{}", result::progress(outcomes)),
            hint: Some("run `add` again to finish, or `remove` to undo".to_owned()),
        }
        .into()),
    }
}

/// Whether a run ended at a pair that it could neither read nor write: seen in no proxy, it is most likely not there.
fn waited_for_the_pair(outcomes: &[HostOutcome]) -> bool {
    let steps = outcomes.iter().flat_map(|outcome| &outcome.steps);
    let last = steps.take_while(|step| step.verb != OutcomeVerb::NotReached).last();
    last.is_some_and(|step| step.role == Role::SharedDestinationRule) && !is_anything_written(outcomes)
}

fn is_anything_written(outcomes: &[HostOutcome]) -> bool {
    let mut steps = outcomes.iter().flat_map(|outcome| &outcome.steps);
    steps.any(|step| !matches!(step.verb, OutcomeVerb::Unchanged | OutcomeVerb::NotReached))
}
