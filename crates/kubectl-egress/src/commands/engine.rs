//! Takes the steps of plans, wave by wave: write, prove, next. A host stops where a step fails or is not proven, all stop
//! when the user interrupts or the API server is gone.
//!
//! The only place that changes a cluster. What the steps are, and in which order, was decided in `egress_core::plan`;
//! which of them are taken together, in `wave`.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use egress_cluster::wait_for::{self, Proof, Wanted};
use egress_cluster::write::WriteOptions;
use egress_cluster::{Cluster, ClusterError};
use egress_core::operation::proxy_access::Pods;
use egress_core::plan::{Action, Step};
use egress_core::proof::{Expectation, ProxyCondition, Side};
use egress_render::outcome::{self, HostOutcome, Looked, OutcomeVerb, Proven, Shows, StepOutcome};
use futures::stream::{self, StreamExt as _};

use super::change::PlannedChange;
use super::interrupt::Interrupt;
use super::proven;
use super::wave::{Waves, step_outcome};
use crate::settings::writing;
use crate::terminal::Terminal;

/// How long interrupted writes are waited for, so that what was done can be said.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// Writes in flight in one moment.
pub(super) const AT_ONCE: usize = 16;

/// Everything a run needs besides the plans.
pub(super) struct Engine<'a> {
    /// The cluster that is changed.
    pub cluster: &'a Cluster,
    /// How it is written.
    pub options: WriteOptions,
    /// How long it is waited for.
    pub proof: writing::Proof,
}

/// How a plan ended.
#[derive(Debug)]
pub(super) enum RunStatus {
    /// All steps taken and proven as far as may be looked.
    Done,
    /// A step is written but not live in time; the following ones were not taken.
    Unproven(String),
    /// A write failed.
    Failed(ClusterError),
    /// The user interrupted.
    Interrupted,
}

/// The result of a write.
enum WriteResult {
    /// It was not begun.
    Not,
    /// It was begun, and nobody knows whether the server stored it.
    Unknown,
    Stored,
    Refused(ClusterError),
}

/// A step of a wave: the place of its plan, and the step.
type NextStep<'p> = (usize, &'p Step);

/// What became of a plan: its steps, whether all were taken, and why not.
type Finished = (Vec<StepOutcome>, bool, Option<RunStatus>);

impl Engine<'_> {
    /// Takes all steps of all plans, telling each proof as it comes. The outcomes are in the order of the plans; the end is
    /// that of the first plan that did not come to its own.
    pub(super) async fn run(
        &self,
        changes: Vec<PlannedChange>,
        interrupt: &mut Interrupt,
        terminal: &mut Terminal,
    ) -> (Vec<HostOutcome>, RunStatus) {
        let mut waves = Waves::of(changes.iter().map(|change| &change.plan));
        let mut interrupted = false;
        loop {
            let wave = waves.next();
            let Some((_, first)) = wave.first() else { break };
            interrupted = interrupt.is_raised();
            if interrupted {
                break;
            }
            let hosts = if wave.len() > 1 { format!(" of {} hosts", wave.len()) } else { String::new() };
            let waiting = terminal.wait(&format!("{}{hosts}", first.role));
            let written = self.write(&wave, interrupt).await;
            let stored = keep_stored(&wave, written, &mut waves);
            interrupted = interrupt.is_raised();
            let proofs = if interrupted || waves.is_stopped() {
                None
            } else {
                tokio::select! {
                    biased;
                    () = interrupt.raised() => None,
                    proofs = self.prove(&stored, &changes) => Some(proofs),
                }
            };
            drop(waiting);
            let Some(proofs) = proofs else {
                interrupted = interrupt.is_raised();
                for (place, step) in stored {
                    let taken = step_outcome(step, verb(step));
                    match step.proof {
                        None => waves.done(place, taken),
                        Some(_) => waves.end(place, taken, RunStatus::Interrupted),
                    }
                }
                break;
            };
            for line in take(&stored, proofs, &mut waves) {
                terminal.note(&line);
            }
        }
        let courses: Vec<Finished> = waves.finish().collect();
        outcomes(changes, courses, interrupted)
    }

    /// Writes all objects of a wave. Ctrl-C does not cancel a write in flight: we must know whether the server stored it.
    async fn write(&self, wave: &[NextStep<'_>], interrupt: &mut Interrupt) -> Vec<WriteResult> {
        let is_stopped = Cell::new(false);
        let written: RefCell<Vec<WriteResult>> =
            RefCell::new(wave.iter().map(|_| WriteResult::Not).collect());
        let note = |index: usize, what: WriteResult| {
            if let Some(written) = written.borrow_mut().get_mut(index) {
                *written = what;
            }
        };
        let (stopped, note) = (&is_stopped, &note);
        let mut writes = std::pin::pin!(stream::iter(wave.iter().enumerate()).for_each_concurrent(
            AT_ONCE,
            |(index, (_, step))| async move {
                if stopped.get() {
                    return;
                }
                let Some(action) = &step.action else { return note(index, WriteResult::Stored) };
                note(index, WriteResult::Unknown);
                let stored = self.cluster.write(&step.object, action, &self.options).await;
                if stored.as_ref().is_err_and(is_unreachable) {
                    stopped.set(true);
                }
                note(index, stored.map_or_else(WriteResult::Refused, |_| WriteResult::Stored));
            }
        ));
        tokio::select! {
            biased;
            () = interrupt.raised() => {
                is_stopped.set(true);
                // What is not answered by then stays unknown.
                let _ = tokio::time::timeout(LAST_WRITE, writes.as_mut()).await;
            }
            () = writes.as_mut() => {}
        }
        written.take()
    }

    /// What the proxies show of each step, read once for all of them; what they lack where they do not show it in time.
    async fn prove(
        &self,
        stored: &[NextStep<'_>],
        changes: &[PlannedChange],
    ) -> Vec<Result<Option<Looked>, String>> {
        let pods =
            |(place, expectation): (usize, &Expectation)| changes.get(place)?.access.pods(expectation.side);
        let asked: Vec<(&Pods, &Expectation)> = stored
            .iter()
            .filter_map(|(place, step)| {
                let expectation = step.proof.as_ref()?;
                Some((pods((*place, expectation))?, expectation))
            })
            .collect();
        let wanted: Vec<Wanted<'_>> =
            asked.iter().map(|(pods, expectation)| Wanted { pods: &pods.read, expectation }).collect();
        let began = Instant::now();
        let mut proofs = self.cluster.wait_for(&wanted, self.proof.timeout).await.into_iter().zip(&asked);
        let elapsed = began.elapsed();
        let mut is_unseen = false;
        let mut found = Vec::with_capacity(stored.len());
        for (place, step) in stored {
            let Some(expectation) = &step.proof else {
                found.push(Ok(None));
                continue;
            };
            let proof = pods((*place, expectation)).and_then(|_| proofs.next());
            let Some((proof, (pods, _))) = proof else {
                is_unseen = true;
                found.push(Ok(None));
                continue;
            };
            if !proof.is_complete() {
                found.push(Err(lacks(&proof, expectation)));
            } else if expectation.is_visible() {
                found.push(Ok(Some(looked(expectation, pods, elapsed))));
            } else {
                // Nothing of what was written shows yet: a later step proves it, and istiod gets the time to read this one
                // before the next.
                is_unseen = is_unseen || pods.total > 0;
                found.push(Ok(None));
            }
        }
        if is_unseen {
            tokio::time::sleep(self.proof.settle).await;
        }
        found
    }
}

/// The steps that are stored. The plans of the others end, and all of them where nobody answers any more.
fn keep_stored<'p>(
    wave: &[NextStep<'p>],
    written: Vec<WriteResult>,
    waves: &mut Waves<'p, RunStatus>,
) -> Vec<NextStep<'p>> {
    let mut stored = Vec::new();
    for ((place, step), written) in wave.iter().zip(written) {
        match written {
            WriteResult::Stored => stored.push((*place, *step)),
            WriteResult::Not => {}
            WriteResult::Unknown => {
                waves.end(*place, step_outcome(step, OutcomeVerb::Unknown), RunStatus::Interrupted);
            }
            WriteResult::Refused(error) if is_unreachable(&error) => {
                waves.end(*place, step_outcome(step, OutcomeVerb::Unknown), RunStatus::Failed(error));
                waves.stop();
            }
            WriteResult::Refused(error) => {
                waves.end(*place, step_outcome(step, OutcomeVerb::NotReached), RunStatus::Failed(error));
            }
        }
    }
    stored
}

/// Goes on where a step is proven as far as may be looked, and ends the other plans. A line for what was seen, with how many
/// hosts it is true of.
fn take<'p>(
    stored: &[NextStep<'p>],
    proofs: Vec<Result<Option<Looked>, String>>,
    waves: &mut Waves<'p, RunStatus>,
) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for ((place, step), proof) in stored.iter().zip(proofs) {
        let mut taken = step_outcome(step, verb(step));
        match proof {
            Ok(looked) => {
                taken.proof = looked;
                if let Some(line) = outcome::proof_line(&taken) {
                    match lines.iter_mut().find(|(told, _)| *told == line) {
                        Some((_, hosts)) => *hosts += 1,
                        None => lines.push((line, 1)),
                    }
                }
                waves.done(*place, taken);
            }
            Err(lacks) => waves.end(*place, taken, RunStatus::Unproven(lacks)),
        }
    }
    let told = |(line, hosts)| if hosts > 1 { format!("{line} ({hosts} hosts)") } else { line };
    lines.into_iter().map(told).collect()
}

/// Whether nobody answers: no other write would be answered either.
fn is_unreachable(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Timeout { .. } | ClusterError::Unreachable { .. })
}

fn looked(expectation: &Expectation, pods: &Pods, elapsed: Duration) -> Looked {
    let gone = expectation
        .conditions
        .iter()
        .any(|condition| matches!(condition, ProxyCondition::RouteRemoved { .. }));
    Looked {
        side: expectation.side,
        shows: if gone { Shows::Gone } else { Shows::Live },
        total: pods.total,
        looked: pods.read.len(),
        live: pods.read.len(),
        elapsed,
    }
}

fn verb(step: &Step) -> OutcomeVerb {
    match &step.action {
        None => OutcomeVerb::Unchanged,
        Some(Action::Create | Action::Update(_) | Action::Narrow(_)) => OutcomeVerb::ServersideApplied,
        Some(Action::Delete) => OutcomeVerb::Deleted,
    }
}

fn outcomes(
    changes: Vec<PlannedChange>,
    finished: Vec<Finished>,
    interrupted: bool,
) -> (Vec<HostOutcome>, RunStatus) {
    let (mut ends, mut all) = (Vec::new(), true);
    let mut outcomes = Vec::with_capacity(changes.len());
    for (PlannedChange { plan, warnings, .. }, (steps, is_whole, end)) in changes.into_iter().zip(finished) {
        let proof = if is_whole { proven::proven(&plan, &steps) } else { Proven::None };
        let (host, namespace) = (plan.host.to_string(), plan.namespace.clone());
        outcomes.push(HostOutcome { host, namespace, steps, proof, warnings });
        ends.extend(end);
        all = all && is_whole;
    }
    // Who interrupts the very last write gets a finished change.
    (outcomes, if interrupted && !all { RunStatus::Interrupted } else { reason(ends) })
}

/// Why a run ended that nobody interrupted: the first failure. Hosts that it cut short have no reason of their own.
fn reason(ends: Vec<RunStatus>) -> RunStatus {
    ends.into_iter().find(|end| !matches!(end, RunStatus::Interrupted)).unwrap_or(RunStatus::Done)
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
            wait_for::Outcome::Proven(_) => None,
            wait_for::Outcome::Lacking(lack) => Some(format!("{pod}: {}", lack.0)),
            wait_for::Outcome::Unreachable(why) => Some(format!("{pod}: {why}")),
        }
    });
    lacking.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the kind: what is told of several hosts, when a failure at one of them stops the others.
    #[test]
    fn a_failure_is_told_and_not_that_it_cut_an_earlier_host_short() {
        let ended =
            reason(vec![RunStatus::Interrupted, RunStatus::Unproven("no route".to_owned()), RunStatus::Done]);
        assert!(matches!(ended, RunStatus::Unproven(why) if why == "no route"));
        assert!(matches!(reason(Vec::new()), RunStatus::Done));
    }
}
