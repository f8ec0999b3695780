//! Takes the steps of a plan: write, prove, next. Stops where a step fails, is not proven, or is interrupted.
//!
//! The only place that changes a cluster. What the steps are, and in which order, was decided in `egress_core::plan`.

use std::time::{Duration, Instant};

use egress_cluster::prove::{self, Proof};
use egress_cluster::write::WriteOptions;
use egress_cluster::{Cluster, ClusterError};
use egress_core::plan::{Action, Plan, Step};
use egress_core::proof::{Demand, Expectation, Side};
use egress_render::outcome::{self, Looked, Outcome, Proven, Shows, StepOutcome, Verb};

use super::interrupt::Interrupt;
use super::proven;
use super::sight::Sight;
use crate::settings::writing;
use crate::terminal::Terminal;

/// How long an interrupted write is waited for, so that what was done can be said.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Everything a run needs besides the plan.
pub(super) struct Engine<'a> {
    /// The cluster that is changed.
    pub cluster: &'a Cluster,
    /// How it is written.
    pub options: WriteOptions,
    /// The proxies that we may read.
    pub sight: Sight,
    /// How long it is waited for.
    pub proof: writing::Proof,
}

/// How a plan ended.
#[derive(Debug)]
pub(super) enum End {
    /// All steps taken and proven as far as may be looked.
    Done,
    /// A step is written but not live in time; the following ones were not taken.
    Unproven(String),
    /// A write failed.
    Failed(ClusterError),
    /// The user interrupted.
    Interrupted,
}

/// What came of one step.
enum Taken {
    Proven(StepOutcome),
    Stopped(StepOutcome, End),
}

impl Engine<'_> {
    /// Takes all steps of one plan, telling each proof as it comes.
    pub(super) async fn run(
        &self,
        plan: &Plan,
        warnings: Vec<String>,
        interrupt: &mut Interrupt,
        terminal: &mut Terminal,
    ) -> (Outcome, End) {
        let mut steps = Vec::with_capacity(plan.steps.len());
        let mut end = End::Done;
        for step in &plan.steps {
            if !matches!(end, End::Done) {
                steps.push(not_reached(step));
                continue;
            }
            let taken = self.take(step, interrupt, terminal).await;
            let taken = match taken {
                Taken::Proven(taken) => taken,
                Taken::Stopped(taken, stopped) => {
                    end = stopped;
                    taken
                }
            };
            if let Some(line) = outcome::proof_line(&taken).filter(|_| matches!(end, End::Done)) {
                terminal.note(&line);
            }
            steps.push(taken);
        }
        let proof = if matches!(end, End::Done) { proven::proven(plan, &steps) } else { Proven::None };
        let outcome = Outcome {
            host: plan.host.to_string(),
            namespace: plan.namespace.clone(),
            steps,
            proof,
            warnings,
        };
        (outcome, end)
    }

    async fn take(&self, step: &Step, interrupt: &mut Interrupt, terminal: &mut Terminal) -> Taken {
        let waiting = terminal.wait(&step.role.to_string());
        if interrupt.is_raised() {
            return Taken::Stopped(not_reached(step), End::Interrupted);
        }
        let verb = match &step.action {
            None => Verb::Unchanged,
            Some(action) => match self.write(step, action, interrupt).await {
                Ok(()) => verb(action),
                Err((verb, end)) => return Taken::Stopped(step_outcome(step, verb), end),
            },
        };
        let mut taken = step_outcome(step, verb);
        let Some(expectation) = &step.proof else { return Taken::Proven(taken) };
        let proven = tokio::select! {
            biased;
            () = interrupt.raised() => Err(End::Interrupted),
            proven = self.prove(expectation) => proven,
        };
        drop(waiting);
        match proven {
            Ok(looked) => {
                taken.proof = looked;
                Taken::Proven(taken)
            }
            Err(end) => Taken::Stopped(taken, end),
        }
    }

    /// Ctrl-C does not cancel a write in flight: we must know whether the server stored it.
    async fn write(
        &self,
        step: &Step,
        action: &Action,
        interrupt: &mut Interrupt,
    ) -> Result<(), (Verb, End)> {
        let mut write = std::pin::pin!(self.cluster.write(&step.object, action, &self.options));
        let written = tokio::select! {
            biased;
            () = interrupt.raised() => match tokio::time::timeout(LAST_WRITE, write).await {
                Ok(written) => written,
                Err(_) => return Err((Verb::Unknown, End::Interrupted)),
            },
            written = &mut write => written,
        };
        written.map(drop).map_err(|error| {
            let unanswered = matches!(error, ClusterError::Timeout { .. } | ClusterError::Unreachable { .. });
            (if unanswered { Verb::Unknown } else { Verb::NotReached }, End::Failed(error))
        })
    }

    async fn prove(&self, expectation: &Expectation) -> Result<Option<Looked>, End> {
        let Some(pods) = self.sight.pods(expectation.side) else {
            tokio::time::sleep(self.proof.settle).await;
            return Ok(None);
        };
        let began = Instant::now();
        let proof = self.cluster.prove(&pods.read, expectation, self.proof.timeout).await;
        if !proof.is_complete() {
            return Err(End::Unproven(lacks(&proof, expectation)));
        }
        // Nothing of what was written shows yet: a later step proves it.
        if !expectation.is_visible() {
            return Ok(None);
        }
        let gone = expectation.demands.iter().any(|demand| matches!(demand, Demand::Gone { .. }));
        let looked = Looked {
            side: expectation.side,
            shows: if gone { Shows::Gone } else { Shows::Live },
            total: pods.total,
            looked: pods.read.len(),
            live: pods.read.len(),
            elapsed: began.elapsed(),
        };
        Ok(Some(looked))
    }
}

/// What is said of a plan that another one before it kept from being begun.
pub(super) fn not_begun(plan: &Plan, warnings: Vec<String>) -> Outcome {
    let steps = plan.steps.iter().map(not_reached).collect();
    let (host, namespace) = (plan.host.to_string(), plan.namespace.clone());
    Outcome { host, namespace, steps, proof: Proven::None, warnings }
}

fn not_reached(step: &Step) -> StepOutcome {
    step_outcome(step, if step.action.is_some() { Verb::NotReached } else { Verb::Unchanged })
}

fn step_outcome(step: &Step, verb: Verb) -> StepOutcome {
    StepOutcome { object: step.object.id.clone(), role: step.role, verb, proof: None }
}

fn verb(action: &Action) -> Verb {
    match action {
        Action::Create | Action::Update(_) | Action::Narrow(_) => Verb::ServersideApplied,
        Action::Delete => Verb::Deleted,
    }
}

/// What each pod that is not proven lacks, in one line.
fn lacks(proof: &Proof, expectation: &Expectation) -> String {
    let side = match expectation.side {
        Side::Gateway => "gateway",
        Side::Clients => "client",
    };
    let lacking = proof.looked.iter().filter_map(|looked| {
        let pod = format!("{side} pod {}/{}", looked.pod.namespace, looked.pod.name);
        match &looked.outcome {
            prove::Outcome::Proven(_) => None,
            prove::Outcome::Lacking(lack) => Some(format!("{pod}: {}", lack.0)),
            prove::Outcome::Unreachable(why) => Some(format!("{pod}: {why}")),
        }
    });
    lacking.collect::<Vec<_>>().join("; ")
}
