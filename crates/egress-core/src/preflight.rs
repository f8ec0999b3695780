//! What the planned objects do to calls, found by simulation before the first write.
//!
//! A call of each caller namespace must leave through the chosen gateway, and no other call may take another path. Where the
//! simulation cannot know, it does not refuse: the proof in the Envoys decides then. Knows no rule of Istio: those are in
//! [`istio::simulation`](crate::istio::simulation).

use crate::conflict::Conflict;

mod after;
mod blame;
mod callers;
mod ending;
mod knowable;
mod other_calls;
mod overlapping;
mod own_calls;
mod question;
mod target_call;
mod wanted_call;
mod words;

use after::ObjectsAfter;
use callers::CallingPods;

pub use question::Preflight;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreflightResult {
    /// So many calls were simulated, and none is in the way.
    Passed(usize),
    /// Nothing may be written.
    Refused(Vec<Conflict>),
    /// The simulation cannot know; the reason is part of a sentence.
    Unknown(String),
}

/// Simulates the calls of the caller namespaces, and other calls that the planned objects may change.
pub fn check(preflight: &Preflight<'_, '_>) -> PreflightResult {
    let Preflight { index, related, wanted, plans } = preflight;
    let snapshot = index.snapshot();
    if plans.iter().all(|plan| plan.is_empty()) {
        return PreflightResult::Unknown("nothing has to be written".to_owned());
    }
    let related = match knowable::unknown(snapshot, *related, wanted) {
        Ok(related) => related,
        Err(reason) => return PreflightResult::Unknown(reason),
    };
    let after = ObjectsAfter::of(snapshot, plans);
    let pods = CallingPods::of(snapshot);
    let own = own_calls::check(index, related, wanted, &after, &pods);
    if !own.refusals.is_empty() {
        return PreflightResult::Refused(own.refusals);
    }
    let others = other_calls::check(preflight, related, &after, &pods);
    if !others.refusals.is_empty() {
        return PreflightResult::Refused(others.refusals);
    }
    if let Some(calls) = own.open {
        return PreflightResult::Unknown(format!("the objects do not tell where {calls} go"));
    }
    match own.simulated + others.simulated {
        0 => PreflightResult::Unknown("no caller pod with a sidecar is known".to_owned()),
        simulated => PreflightResult::Passed(simulated),
    }
}
