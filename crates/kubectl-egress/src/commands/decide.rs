//! Makes plans from settings and a snapshot: chooses the gateway, joins existing objects, finds conflicts.
//!
//! Pure, except that failures have the shell's words. Writes nothing.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use egress_core::command::{ShellCommand, Word};
use egress_core::conflict::{self, Conflict, Severity};
use egress_core::departure::Departures;
use egress_core::dialect::Rename;
use egress_core::intent::GatewayName;
use egress_core::inventory::{Egress, pair, state};
use egress_core::metadata::Record;
use egress_core::names::Names;
use egress_core::plan::{self, Plan, rename};
use egress_core::request::{Joined, join};
use egress_core::resource::{ObjectId, Resource};
use egress_core::shape::dress::Dress;
use egress_core::shape::{self, Part};
use egress_core::snapshot::{GatewayFacts, Snapshot};

use crate::exit::{Code, Failure};

/// The policies' answers about the objects of one request: names, if a policy names objects, and labels and
/// annotations.
pub(super) type Naming<'a> = &'a mut dyn FnMut(&Record, &[Part]) -> Result<(Option<Names>, Dress), Failure>;

/// The plan for one host.
pub(super) struct Decision {
    /// The request, joined with the existing egress.
    pub record: Record,
    /// The wanted objects.
    pub parts: Vec<Part>,
    /// The plans, in order: a removal first if old and new objects conflict.
    pub plans: Vec<Plan>,
    /// Notes for the user, one sentence each.
    pub warnings: Vec<String>,
}

/// The gateway to use: the named one, else the only one.
pub(super) fn gateway<'a>(
    wanted: Option<&GatewayName>,
    snapshot: &'a Snapshot,
) -> Result<&'a GatewayFacts, Failure> {
    let found = match (wanted, snapshot.gateways.as_slice()) {
        (Some(wanted), _) => snapshot.gateway(wanted).ok_or_else(|| none(snapshot))?,
        (None, []) => return Err(none(snapshot)),
        (None, [only]) => only,
        (None, several) => {
            let names: Vec<String> = several.iter().map(|gateway| gateway.name.to_string()).collect();
            return Err(Failure::usage(
                format!("expected one egress gateway, found {}: {}", names.len(), names.join(", ")),
                format!("name one: `--gateway {}`", names[0]),
            ));
        }
    };
    if !found.assumed && found.ready_pods().next().is_none() {
        let pods = found.pods.len();
        return Err(Failure {
            code: Code::Failed,
            message: format!("egress gateway {} has no ready pod ({pods} found)", found.name),
            hint: Some(format!(
                "see them: `{}`",
                ShellCommand::new(["kubectl", "get", "pods"])
                    .in_namespace(&found.name.namespace)
                    .words(["-o", "wide"])
            )),
        });
    }
    Ok(found)
}

fn none(snapshot: &Snapshot) -> Failure {
    let near = snapshot.gateways.first().map(|gateway| format!("type `--gateway {}`", gateway.name));
    Failure {
        code: Code::Failed,
        message: "no egress gateway found: no Service has pods with the label `istio=egressgateway`"
            .to_owned(),
        hint: near.or_else(|| {
            Some(
                "install one with Istio's `gateway` chart, or name yours: `--gateway NAMESPACE/SERVICE`"
                    .to_owned(),
            )
        }),
    }
}

/// The egresses that this tool made, by namespace and host.
pub(super) struct Existing<'a>(HashMap<(&'a str, &'a str), &'a Egress<'a>>);

impl<'a> Existing<'a> {
    /// Of all egresses. Of two for one host the first counts.
    pub(super) fn of(all: &'a [Egress<'a>]) -> Self {
        let ours = all.iter().rev().filter(|egress| egress.layout.is_some());
        Existing(ours.map(|egress| ((egress.namespace.as_str(), egress.host.as_str()), egress)).collect())
    }
}

/// The plans for one request. The snapshot is the cluster with what the hosts before this one will write.
pub(super) fn add(
    asked: Record,
    existing: &Existing<'_>,
    gateway: &GatewayFacts,
    snapshot: &Snapshot,
    naming: Naming<'_>,
) -> Result<Decision, Failure> {
    let intent = &asked.intent;
    let existing = existing.0.get(&(intent.namespace.as_str(), intent.host.as_str())).copied();
    let found = existing.and_then(Egress::readable_record);
    let joined = join(asked, found).map_err(|error| Failure {
        code: Code::Conflict,
        message: error.to_string(),
        hint: Some("remove it first: `kubectl egress remove HOST`".to_owned()),
    })?;
    let found = found.cloned();
    let (mut record, old) = match joined {
        Joined::InPlace(record) => (record, None),
        Joined::Replace(record) => (record, existing),
    };
    let unnamed = build(&record, gateway, snapshot)?;
    let (names, dress) = naming(&record, &unnamed)?;
    // If no policy names objects today, the existing ones keep their names.
    let recorded = found.as_ref().map(|record| record.names.clone()).unwrap_or_default();
    record.names = names.unwrap_or_else(|| recorded.clone());
    let kept = keep_pair(&mut record, gateway, snapshot);
    if old.is_none() && found.is_some() {
        refuse_rename(&record, &recorded)?;
    }
    let mut parts = build(&record, gateway, snapshot)?;
    put_on(&dress, &mut parts, snapshot);
    let mut remaining = without(snapshot, old);
    // Objects with old names do not conflict: they route traffic until the new ones are proven, and are deleted then.
    let others = without_leftovers(&remaining, &record, &parts);
    let mut warnings = refuse_conflicts(conflict::find(&record, &parts, gateway, &others))?;
    warnings.extend(kept);
    let mut decision = Decision { plans: Vec::new(), warnings, record, parts };
    if let Some(old) = old {
        let wanted = state::wanted(old, snapshot).unwrap_or_default();
        decision.plans.push(plan::remove::plan(old, &wanted, &Departures::of(&[], snapshot)));
        decision.warnings.push(format!(
            "{} changes its layout, hop or gateway: calls are refused between the removal of the old objects and the \
             proof of the new ones",
            old.host
        ));
    }
    if let Some(found) =
        found.filter(|found| old.is_none() && found.intent.ports != decision.record.intent.ports)
        && !rename::leftovers(&decision.record.intent, &decision.parts, &remaining).is_empty()
    {
        // The older rule applies until it is deleted, and does not have the new ports: change first the names, then the
        // ports.
        let renamed = Record { names: decision.record.names.clone(), ..found };
        let mut parts = build(&renamed, gateway, &remaining)?;
        put_on(&dress, &mut parts, snapshot);
        decision.plans.push(plan::add::plan(&renamed.intent, &parts, &remaining));
        remaining = Cow::Owned(after(&remaining, &renamed, parts));
    }
    decision.plans.push(plan::add::plan(&decision.record.intent, &decision.parts, &remaining));
    Ok(decision)
}

/// The gateway's shared pair keeps its names: a second pair would conflict on the ports of the first.
fn keep_pair(record: &mut Record, gateway: &GatewayFacts, snapshot: &Snapshot) -> Vec<String> {
    let mut kept = Vec::new();
    for (role, live) in pair::of(gateway, snapshot) {
        let wanted = record.names.object(&record.intent, role);
        if record.intent.layout.dialect().has_gateway_objects() && wanted != live.id.name {
            record.names.choose(&record.intent, role, &live.id.name);
            kept.push(format!(
                "{} keeps its name, because all egresses of the gateway use it; the naming policy now says {wanted}",
                live.id
            ));
        }
    }
    kept
}

/// Two sets of the documented layout conflict, so its objects are not renamed.
fn refuse_rename(record: &Record, recorded: &Names) -> Result<(), Failure> {
    if record.intent.layout.dialect().rename == Rename::Beside || record.names == *recorded {
        return Ok(());
    }
    let host = &record.intent.host;
    let namespace = &record.intent.namespace;
    let of =
        |names: &Names| if names.is_default() { "the default names".to_owned() } else { names.to_text() };
    Err(Failure {
        code: Code::Conflict,
        message: format!(
            "the naming policy now gives the objects of `{host}` other names, and the documented layout cannot be \
             renamed in use: found {}, expected {}",
            of(recorded),
            of(&record.names)
        ),
        hint: Some(format!(
            "remove it and add it again: `{}`",
            ShellCommand::new(["kubectl", "egress", "remove"])
                .word(Word::host(host.as_str()))
                .in_namespace(namespace)
        )),
    })
}

fn is_of_pair(part: &Part) -> bool {
    part.role.is_of_pair()
}

/// Adds the policy's labels to new objects only. The gateway's shared objects keep theirs.
fn put_on(dress: &Dress, parts: &mut [Part], snapshot: &Snapshot) {
    for part in parts.iter_mut().filter(|part| !(is_of_pair(part) && is_there(part, snapshot))) {
        dress.put_on(std::slice::from_mut(part));
    }
}

fn is_there(part: &Part, snapshot: &Snapshot) -> bool {
    snapshot.find(&part.resource.id).is_some()
}

/// The snapshot without the objects that a rename to these parts leaves behind.
fn without_leftovers<'a>(snapshot: &'a Snapshot, record: &Record, parts: &[Part]) -> Cow<'a, Snapshot> {
    let left = rename::leftovers(&record.intent, parts, snapshot);
    without_objects(snapshot, &left.into_iter().map(|(_, live)| live.id.clone()).collect())
}

/// The snapshot as it will be once an egress has these parts and no others.
fn after(snapshot: &Snapshot, record: &Record, parts: Vec<Part>) -> Snapshot {
    let mut snapshot = without_leftovers(snapshot, record, &parts).into_owned();
    let is_new = |live: &Resource| parts.iter().any(|part| part.resource.id == live.id);
    snapshot.resources.retain(|live| !is_new(live));
    snapshot.resources.extend(parts.into_iter().map(|part| part.resource));
    snapshot
}

/// The objects of a request.
pub(super) fn build(
    record: &Record,
    gateway: &GatewayFacts,
    snapshot: &Snapshot,
) -> Result<Vec<Part>, Failure> {
    Ok(shape::build(record, gateway, &snapshot.mesh)?)
}

/// The snapshot as it will be once the old objects are gone.
fn without<'a>(snapshot: &'a Snapshot, old: Option<&Egress<'_>>) -> Cow<'a, Snapshot> {
    let parts = old.into_iter().flat_map(|old| &old.parts);
    without_objects(snapshot, &parts.map(|part| part.resource.id.clone()).collect())
}

/// Copied only if something is left out: a snapshot may have ten thousand objects, and a command a thousand hosts.
fn without_objects<'a>(snapshot: &'a Snapshot, gone: &BTreeSet<ObjectId>) -> Cow<'a, Snapshot> {
    if gone.is_empty() {
        return Cow::Borrowed(snapshot);
    }
    let mut remaining = snapshot.clone();
    remaining.resources.retain(|live| !gone.contains(&live.id));
    Cow::Owned(remaining)
}

fn refuse_conflicts(conflicts: Vec<Conflict>) -> Result<Vec<String>, Failure> {
    let line = |conflict: &Conflict| format!("{} ({}) {}", conflict.object, conflict.field, conflict.message);
    let (refusals, warnings): (Vec<Conflict>, Vec<Conflict>) =
        conflicts.into_iter().partition(|conflict| conflict.severity == Severity::Refusal);
    match refusals.first() {
        None => Ok(warnings.iter().map(line).collect()),
        Some(first) => Err(Failure {
            code: Code::Conflict,
            message: refusals.iter().map(line).collect::<Vec<_>>().join("\nand: "),
            hint: Some(first.hint.clone()),
        }),
    }
}

#[cfg(test)]
mod tests;
