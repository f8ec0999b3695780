//! What the objects are called: one policy names them, and what it says is checked before anything is built on it.
//!
//! Knows composition. Knows nothing of which objects a layout makes.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Reply;
use super::answer::{EvaluationError, Name, Names};
use super::descriptor::Hook;
use super::policy_set::{Layer, LoadedPolicy, PolicySet};
use super::report::{PolicyRef, Report, Status};
use super::request::{Request, Slot};
use egress_core::host::quoted;

/// What all answers come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Naming {
    /// By the slot's id; a slot without an entry keeps its default name. Empty if there is an error or a clash.
    pub names: BTreeMap<u32, Name>,
    /// One for each policy that was asked.
    pub reports: Vec<Report>,
    /// Slots that two policies name differently.
    pub clashes: Vec<Clash>,
    /// `naming: {use: NAME}` means a policy that names nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_owner: Option<String>,
}

/// Two policies name one object differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clash {
    /// The slot's id.
    pub slot: u32,
    /// The kind of object.
    pub kind: String,
    /// The part it plays.
    pub role: String,
    /// Each policy and what it says.
    pub names: Vec<ProposedName>,
}

/// The name that one policy gives an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedName {
    /// Who.
    pub by: PolicyRef,
    /// The name, with what else differs.
    pub name: String,
}

impl Naming {
    /// What it comes to.
    pub fn status(&self) -> Status {
        let worst = self.reports.iter().map(Report::status).max().unwrap_or_default();
        let broken = !self.clashes.is_empty() || self.no_owner.is_some();
        if broken { worst.max(Status::Undecided) } else { worst }
    }
}

impl Clash {
    /// The line for the configuration that lets one of them name alone: `naming: {use: acme-names}`.
    pub fn remedy(&self) -> String {
        let first = self.names.first().map(|named| named.by.policy.as_str());
        format!("naming: {{use: {}}}", first.unwrap_or_default())
    }
}

/// Asks the policy that names objects.
///
/// `naming: {use: NAME}` sets others aside, of its own layer and below: a lower layer does not take the names out of
/// the hands of a higher one.
pub fn name(policies: &PolicySet, request: &Request, slots: &[Slot]) -> Naming {
    let mut naming = Naming::default();
    let asked: Vec<&LoadedPolicy> = match &policies.naming {
        None => policies.with_hook(Hook::Naming).collect(),
        Some(owner) => {
            let known = policies.with_hook(Hook::Naming).any(|loaded| loaded.name == owner.policy);
            naming.no_owner = (!known).then(|| owner.policy.clone());
            let is_asked = |loaded: &&LoadedPolicy| loaded.name == owner.policy || loaded.layer > owner.layer;
            policies.with_hook(Hook::Naming).filter(is_asked).collect()
        }
    };
    let mut answers: Vec<(PolicyRef, BTreeMap<u32, Name>)> = Vec::new();
    for loaded in asked {
        let prefixes = (loaded.layer != Layer::Cluster).then_some(&policies.label_prefixes);
        let (report, names) = ask(loaded, request, slots, prefixes);
        answers.push((report.by.clone(), names));
        naming.reports.push(report);
    }
    naming.clashes = slots.iter().filter_map(|slot| clash(slot, &answers)).collect();
    if naming.status() == Status::Undecided {
        return naming;
    }
    let names = answers.into_iter().flat_map(|(_, names)| names).collect();
    match (check::unique(slots, &names), naming.reports.last_mut()) {
        (Err(fault), Some(last)) => last.fault = Some(fault),
        _ => naming.names = names,
    }
    naming
}

/// Asks one policy, twice: names that differ between two runs would orphan the objects of the first. `prefixes`: the
/// prefixes of labels and annotations that it may set; `None`: any.
fn ask(
    loaded: &LoadedPolicy,
    request: &Request,
    slots: &[Slot],
    prefixes: Option<&BTreeSet<String>>,
) -> (Report, BTreeMap<u32, Name>) {
    let needs = &loaded.policy.descriptor().needs;
    let seen = request.for_naming(needs, &loaded.settings);
    let Reply { result, log, fuel } = loaded.policy.name_objects(&seen, slots);
    let mut report = Report { log, fuel, ..loaded.report(Hook::Naming) };
    let again = || loaded.policy.name_objects(&seen, slots).result;
    let checked = result
        .and_then(|names| same(names, &again()?, slots))
        .and_then(|names| check::check(names, slots, prefixes));
    match checked {
        Ok((names, checked)) => {
            report.trace = names.trace;
            names.findings.into_iter().for_each(|finding| report.add_finding(None, finding));
            (report, checked)
        }
        Err(fault) => {
            report.fault = Some(fault);
            (report, BTreeMap::new())
        }
    }
}

fn same(one: Names, other: &Names, slots: &[Slot]) -> Result<Names, EvaluationError> {
    let by_slot = |names: &Names| -> BTreeMap<u32, Name> {
        names.names.iter().map(|name| (name.slot, name.clone())).collect()
    };
    let (first, second) = (by_slot(&one), by_slot(other));
    let Some(slot) = slots.iter().find(|slot| first.get(&slot.id) != second.get(&slot.id)) else {
        return Ok(one);
    };
    let (was, is) = match (first.get(&slot.id), second.get(&slot.id)) {
        (Some(was), Some(is)) if was.name == is.name => (with_metadata(was), with_metadata(is)),
        (was, is) => (name_of(was), name_of(is)),
    };
    Err(EvaluationError::BadAnswer(format!(
        "it names {} differently when asked twice: {was} and then {is}; names must be the same in every run, or \
         `add` would not find its earlier objects",
        part(slot),
    )))
}

fn name_of(name: Option<&Name>) -> String {
    name.map_or_else(|| "the default name".to_owned(), |name| quoted(&name.name))
}

fn clash(slot: &Slot, answers: &[(PolicyRef, BTreeMap<u32, Name>)]) -> Option<Clash> {
    let said: Vec<(&PolicyRef, &Name)> =
        answers.iter().filter_map(|(policy, names)| Some((policy, names.get(&slot.id)?))).collect();
    let (_, first) = said.first()?;
    if said.iter().all(|(_, name)| name == first) {
        return None;
    }
    let same_name = said.iter().all(|(_, name)| name.name == first.name);
    let names = said.iter().map(|(policy, name)| ProposedName {
        by: (*policy).clone(),
        name: if same_name { with_metadata(name) } else { name.name.clone() },
    });
    Some(Clash { slot: slot.id, kind: slot.kind.clone(), role: slot.role.clone(), names: names.collect() })
}

/// Where the names are the same, the labels and annotations are what differs.
fn with_metadata(name: &Name) -> String {
    let pairs = name.labels.iter().chain(&name.annotations).map(|(key, value)| format!("{key}={value}"));
    let pairs = pairs.collect::<Vec<_>>();
    if pairs.is_empty() {
        format!("{} without labels or annotations", name.name)
    } else {
        format!("{} with {}", name.name, pairs.join(", "))
    }
}

/// An object, as a message calls it: the VirtualService `mesh-leg` for api.acme.com.
fn part(slot: &Slot) -> String {
    let host = slot.host.as_ref().map(|host| format!(" for {host}")).unwrap_or_default();
    format!("the {} `{}`{host}", slot.kind, slot.role)
}
