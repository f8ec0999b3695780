//! Prints what a change did, in the requested format.

use std::collections::BTreeSet;

use egress_core::plan::{Action, Plan};
use egress_render::format::OutputFormat;
use egress_render::manifest;
use egress_render::outcome::{self, DryRun, HostOutcome, OutcomeVerb, StepOutcome};

use super::document;
use crate::terminal::Terminal;

/// Prints outcomes: kubectl's lines, or the versioned document.
pub(super) fn print(
    outcomes: &[HostOutcome],
    format: Option<&OutputFormat>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let steps = || outcomes.iter().flat_map(last_of_each);
    let text = match format {
        None | Some(OutputFormat::Wide) => steps().map(|step| line(step, DryRun::None)).collect::<String>(),
        Some(OutputFormat::Name) => {
            steps().flat_map(|step| [manifest::name(&step.object), "\n".to_owned()]).collect()
        }
        Some(format) => document::text(&outcome::document(outcomes, DryRun::None)?, format)?,
    };
    terminal.result(&text)?;
    Ok(())
}

/// Prints the objects of a dry run.
pub(super) fn print_dry_run(plans: &[Plan], dry_run: DryRun, terminal: &mut Terminal) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    let steps = plans.iter().flat_map(|plan| &plan.steps).filter(|step| seen.insert(step.object.id.clone()));
    let lines = steps.map(|step| {
        let verb = match &step.action {
            None => OutcomeVerb::Unchanged,
            Some(Action::Delete) => OutcomeVerb::Deleted,
            Some(_) => OutcomeVerb::ServersideApplied,
        };
        format!("{}\n", outcome::object_line(&step.object.id, verb, dry_run))
    });
    let text: String = lines.collect();
    terminal.result(&text)?;
    Ok(())
}

/// What an interrupted run did and did not do, one line each.
pub(super) fn progress(outcomes: &[HostOutcome]) -> String {
    let describe = |step: &StepOutcome, outcome: &HostOutcome| {
        let more = outcome.steps.iter().any(|other| other.object == step.object && is_open(other));
        let word = match step.verb {
            OutcomeVerb::ServersideApplied if more => "partly",
            OutcomeVerb::ServersideApplied => "written",
            OutcomeVerb::Deleted => "deleted",
            OutcomeVerb::Unchanged => "unchanged",
            OutcomeVerb::NotReached => "not reached",
            OutcomeVerb::Unknown => "unknown",
        };
        let StepOutcome { object, .. } = step;
        format!("  {word:<11}  {} in namespace {}", manifest::name(object), object.namespace)
    };
    let lines = outcomes.iter().flat_map(|outcome| {
        last_of_each(outcome).into_iter().map(|step| describe(step, outcome)).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An object may be written in stages: its last result counts, unless that step did nothing.
fn last_of_each(outcome: &HostOutcome) -> Vec<&StepOutcome> {
    let mut steps: Vec<&StepOutcome> = Vec::new();
    for step in &outcome.steps {
        match steps.iter_mut().find(|found| found.object == step.object) {
            Some(found) if found.verb == OutcomeVerb::Unchanged || !is_idle(step) => *found = step,
            Some(_) => {}
            None => steps.push(step),
        }
    }
    steps
}

fn is_idle(step: &StepOutcome) -> bool {
    step.verb == OutcomeVerb::Unchanged || is_open(step)
}

fn is_open(step: &StepOutcome) -> bool {
    step.verb == OutcomeVerb::NotReached
}

fn line(step: &StepOutcome, dry_run: DryRun) -> String {
    match step.verb {
        OutcomeVerb::NotReached | OutcomeVerb::Unknown => String::new(),
        verb => format!("{}\n", outcome::object_line(&step.object, verb, dry_run)),
    }
}
