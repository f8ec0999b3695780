//! Whether calls that are not part of a request end as they did before.
//!
//! Which calls are tried is decided in [`overlapping`](super::overlapping). Knows what a change is, and finds the planned
//! object that makes it.

use super::after::ObjectsAfter;
use super::callers::CallingPods;
use super::ending::Ending;
use super::knowable::is_known;
use super::overlapping::{OverlappingCall, overlapping};
use super::question::{CheckedCalls, MOST_REFUSALS, Preflight};
use super::target_call::Spoken;
use super::words;
use crate::callers::callers;
use crate::intent::Intent;
use crate::istio::call::Call;
use crate::istio::gateway_api::MadeObjects;
use crate::istio::simulation::{Simulation, World};
use crate::related_resources::RelatedResources;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::Snapshot;

/// So many planned objects are left out in turn to find the one that changes a call: more than those of several hosts.
const MOST_OBJECTS: usize = 60;

pub(super) fn check(
    preflight: &Preflight<'_, '_>,
    related: &RelatedResources,
    after: &ObjectsAfter<'_>,
    pods: &CallingPods<'_>,
) -> CheckedCalls {
    let snapshot = preflight.index.snapshot();
    let calls = overlapping(preflight, pods);
    let mut checked = CheckedCalls::default();
    if calls.is_empty() {
        return checked;
    }
    let all = after.objects.all();
    let made_before = MadeObjects::with(snapshot, related, after.before.iter().copied());
    let made_then = MadeObjects::with(snapshot, related, all.iter().copied());
    let all_before: Vec<&Resource> = after.before.iter().copied().chain(made_before.objects()).collect();
    let all_then: Vec<&Resource> = all.into_iter().chain(made_then.objects()).collect();
    let before = World::with(snapshot, related, &made_before, &all_before, &pods.assumed);
    let then = World::with(snapshot, related, &made_then, &all_then, &pods.assumed);
    let (before, then) = (Simulation::new(&before), Simulation::new(&then));
    for OverlappingCall { target, namespace, source } in &calls {
        let is_requested = |intent: &&Intent| {
            let port = intent.ports.iter().find(|port| port.number == target.port);
            target.host == intent.host.as_str()
                && port.is_some_and(|port| Spoken::of(port.protocol) == target.kind)
                && callers(&intent.export_to, &intent.namespace, snapshot).contains(namespace)
        };
        if checked.refusals.len() >= MOST_REFUSALS {
            break;
        }
        // What the egress has now is what the command is asked to change: an edit of it may have opened more.
        let is_own = |source: &&Resource| {
            after.objects.written.contains_key(&source.id) && after.found(&source.id).is_some()
        };
        if source.as_ref().is_some_and(is_own) {
            continue;
        }
        let Some(caller) = pods.any(namespace) else { continue };
        if preflight.wanted.iter().map(|(intent, _)| *intent).any(|intent| is_requested(&intent)) {
            continue;
        }
        let call = target.by(&caller);
        let (was, will) = (before.passages(&call), then.passages(&call));
        if ![&was, &will].iter().all(|found| is_known(found)) {
            continue;
        }
        checked.simulated += 1;
        let (was, will) = (Ending::of(&call, &was), Ending::of(&call, &will));
        if was.is_broken_by(&will) {
            let changes = Changes { snapshot, related, after, pods };
            let theirs = source.filter(|source| !after.objects.written.contains_key(&source.id));
            if let Some(written) = changes.first(&call, &was) {
                let (was, will) = was.difference(&will);
                checked.refusals.push(words::of_change(target, namespace, written, &was, &will, theirs));
            }
        }
    }
    checked
}

/// What is known where a call changes.
struct Changes<'a> {
    snapshot: &'a Snapshot,
    related: &'a RelatedResources,
    after: &'a ObjectsAfter<'a>,
    pods: &'a CallingPods<'a>,
}

impl Changes<'_> {
    /// The planned object without which a call would end as it did; where several do it together, the first one.
    fn first(&self, call: &Call, was: &Ending) -> Option<&ObjectId> {
        let written = &self.after.objects.written;
        let restores = |id: &&ObjectId| {
            let all = self.after.objects.all();
            let others = all.into_iter().filter(|object| object.id != **id);
            let objects: Vec<&Resource> = others.chain(self.after.found(id)).collect();
            let made = MadeObjects::with(self.snapshot, self.related, objects.iter().copied());
            let objects: Vec<&Resource> = objects.into_iter().chain(made.objects()).collect();
            let world = World::with(self.snapshot, self.related, &made, &objects, &self.pods.assumed);
            Ending::of(call, &Simulation::new(&world).passages(call)) == *was
        };
        written.keys().take(MOST_OBJECTS).find(restores).or_else(|| written.keys().next())
    }
}
