//! Whether an egress is whole: what its record asks for against what exists.

use serde::Serialize;

use super::answering::taken_by;
use super::egress::{Egress, LivePart};
use crate::dialect::{self, Part, earlier};
use crate::index::Index;
use crate::intent::Layout;
use crate::resource::{ObjectId, Resource};
use crate::role::Role;
use crate::snapshot::{GatewayFacts, Snapshot};
use crate::visibility::defaults::apply;

/// What the objects that exist say about an egress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum State {
    /// All objects exist and are as written.
    Ready,
    /// Objects are missing: an `add` or `remove` was cut short, or someone deleted them.
    Incomplete {
        /// What is missing.
        missing: Vec<ObjectId>,
    },
    /// Objects differ from what was written.
    Changed {
        /// Which, and what owns the difference, where that can be told.
        changes: Vec<ChangedObject>,
    },
    /// At the gateway another object answers for the host that the egress sends to: calls go where that one says.
    Taken {
        /// Which.
        by: ObjectId,
    },
    /// Made by hand or by another tool.
    Foreign,
}

/// One object that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedObject {
    /// Which object.
    pub object: ObjectId,
    /// The field managers other than ours that own a part of its spec.
    pub managers: Vec<String>,
}

/// The state of an egress.
pub fn of(egress: &Egress<'_>, index: &Index<'_>) -> State {
    with_earlier(egress, index).0
}

/// The same, and the objects of [`earlier`]; `None` where the state shows before they are compared.
pub fn with_earlier(egress: &Egress<'_>, index: &Index<'_>) -> (State, Option<Vec<ObjectId>>) {
    let Some(layout) = egress.layout else { return (State::Foreign, None) };
    if let Some(entry) = taken_by(egress, index) {
        return (State::Taken { by: entry.id.clone() }, None);
    }
    let Some(record) = &egress.record else {
        return (State::Incomplete { missing: vec![record_holder(egress, layout)] }, None);
    };
    let Some(wanted) = record.as_ref().ok().and_then(|_| wanted(egress, index.snapshot())) else {
        return (State::Changed { changes: holders(egress) }, None);
    };
    let earlier = of_earlier_version(&wanted, index);
    (against(&wanted, &earlier, egress, index), Some(earlier))
}

/// The state of an egress whose wanted parts are known; `earlier` are those that an earlier version wrote.
fn against(wanted: &[Part], earlier: &[ObjectId], egress: &Egress<'_>, index: &Index<'_>) -> State {
    let snapshot = index.snapshot();
    let found = |part: &Part| index.find(&part.resource.id);
    // What lies where nothing could be read is not missing.
    let seen = |part: &&Part| snapshot.has_istio_of(Some(&part.resource.id.namespace));
    let missing: Vec<ObjectId> = wanted
        .iter()
        .filter(seen)
        .filter(|part| found(part).is_none())
        .map(|part| part.resource.id.clone())
        .collect();
    if !missing.is_empty() {
        return State::Incomplete { missing };
    }
    let as_written = |part: &Part, live: &Resource| {
        part.resource.is_fulfilled_by(live) || earlier.contains(&part.resource.id)
    };
    let differs = |part: &Part| found(part).filter(|live| !as_written(part, live)).map(change);
    // A rename that was cut short leaves objects of the old names. A part that the layout does not have was added.
    let may_be_known = |part: &LivePart<'_>| part.role != Role::Gateway;
    let is_left = |part: &&LivePart<'_>| {
        let mut same = wanted.iter().filter(|wanted| wanted.role == part.role).peekable();
        (same.peek().is_some() || may_be_known(part))
            && same.all(|wanted| wanted.resource.id != part.resource.id)
    };
    let left = egress.parts.iter().filter(is_left).map(|part| change(part.resource));
    let changes: Vec<ChangedObject> = wanted.iter().filter_map(differs).chain(left).collect();
    if changes.is_empty() { State::Ready } else { State::Changed { changes } }
}

/// The objects that an earlier version wrote and that nobody changed since: they work, and rules of other namespaces can
/// come before theirs at the gateway. The next `add` writes them anew.
pub fn earlier(egress: &Egress<'_>, index: &Index<'_>) -> Vec<ObjectId> {
    of_earlier_version(&wanted(egress, index.snapshot()).unwrap_or_default(), index)
}

fn of_earlier_version(parts: &[Part], index: &Index<'_>) -> Vec<ObjectId> {
    let is_earlier = |part: &&Part| {
        index.find(&part.resource.id).is_some_and(|live| earlier::is_earlier(&part.resource, live))
    };
    parts.iter().filter(is_earlier).map(|part| part.resource.id.clone()).collect()
}

/// Whether what stands at the gateway for an egress is what its record asks for: its rules, and the entry that they lead to.
/// Labels and annotations alone prove nothing, since anybody may write them.
pub fn is_genuine_at_gateway(egress: &Egress<'_>, snapshot: &Snapshot) -> bool {
    let Some(parts) = wanted(egress, snapshot) else { return false };
    let at_gateway = |role: Role| egress.layout.is_some_and(|layout| layout.dialect().is_at_gateway(role));
    let as_asked = |live: &LivePart<'_>| {
        let part = parts.iter().find(|part| part.resource.id == live.resource.id);
        part.is_some_and(|part| {
            part.resource.is_fulfilled_by(live.resource) || earlier::is_earlier(&part.resource, live.resource)
        })
    };
    let live = || egress.parts.iter().filter(|live| at_gateway(live.role));
    let exists = |part: &Part| live().any(|live| live.resource.id == part.resource.id);
    live().all(as_asked) && parts.iter().filter(|part| part.role == Role::Upstream).all(exists)
}

/// The parts that the record of an egress asks for. `None` where the record cannot be read or fulfilled. The shared
/// pair is left out where its gateway cannot be looked at.
pub fn wanted(egress: &Egress<'_>, snapshot: &Snapshot) -> Option<Vec<Part>> {
    let record = egress.readable_record()?;
    let seen = snapshot.gateway(&record.intent.gateway).filter(|gateway| !gateway.assumed);
    let built = if let Some(gateway) = seen {
        dialect::build(record, gateway, &snapshot.mesh)
    } else {
        let name = record.intent.gateway.clone();
        let assumed = GatewayFacts::assumed(name, GatewayFacts::stock().selector);
        dialect::build(record, &assumed, &snapshot.mesh)
    };
    let mut parts = built.ok()?;
    if seen.is_none() {
        parts.retain(|part| !(part.role.is_of_pair() || part.role == Role::Gateway));
    }
    if snapshot.mesh.default_export_to.is_applied {
        for part in &mut parts {
            apply(&mut part.resource, &snapshot.mesh.default_export_to);
        }
    }
    Some(parts)
}

fn record_holder(egress: &Egress<'_>, layout: Layout) -> ObjectId {
    let role = layout.dialect().record;
    let base = crate::names::base(&crate::host::Host::Name(egress.host.clone()));
    ObjectId {
        kind: role.kind(),
        namespace: egress.namespace.clone(),
        name: crate::names::object(&base, role),
    }
}

fn holders(egress: &Egress<'_>) -> Vec<ChangedObject> {
    let may_hold = |role: Role| Layout::ALL.iter().any(|layout| layout.dialect().record == role);
    let holds = |part: &&LivePart<'_>| may_hold(part.role);
    egress.parts.iter().filter(holds).take(1).map(|part| change(part.resource)).collect()
}

fn change(live: &Resource) -> ChangedObject {
    let managers = live.live.as_ref().map(|live| live.foreign_managers.clone()).unwrap_or_default();
    ChangedObject { object: live.id.clone(), managers }
}
