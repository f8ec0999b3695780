//! One `add`, as the program decides it: merged, named, planned, and checked before the first write.
//!
//! Writes nothing. What the writes make of the objects is applied to the objects of the made cluster.

use anyhow::Context as _;
use egress_core::index::Index;
use egress_core::intent::Intent;
use egress_core::inventory;
use egress_core::operation::add::{Chosen, Requested};
use egress_core::operation::existing::Existing;
use egress_core::plan::{Action, Plan};
use egress_core::preflight::{self, Preflight, PreflightResult};
use egress_core::resource::{ObjectId, Resource};
use serde_json::{Value, json};

use super::request;
use crate::oracle::{
    cluster::{self, Identity},
    judge::with_slices,
    random::Random,
};

/// When new objects are created: after all others.
const CREATED: &str = "2026-06-01T00:00:00Z";

/// What the program decided.
pub(super) enum Decided {
    /// A rule about objects refused it.
    RefusedByRule,
    /// The simulation refused it, for this.
    Refused(String),
    /// The simulation could not know.
    Unknown,
    /// There is nothing to write.
    NothingToDo,
    Added,
}

/// A request in a cluster, and what came of it.
pub(super) struct Attempt {
    pub(super) intent: Intent,
    pub(super) decided: Decided,
    /// The cluster as it is, as both sides read it.
    pub(super) before: Vec<Value>,
    /// As it is after the writes; none where there is no plan.
    pub(super) after: Option<Vec<Value>>,
}

impl Decided {
    /// Its name in counts.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Decided::RefusedByRule => "refused by a rule",
            Decided::Refused(_) => "refused by the simulation",
            Decided::Unknown => "not known",
            Decided::NothingToDo => "nothing to do",
            Decided::Added => "added",
        }
    }
}

impl Attempt {
    /// Tries a request in the cluster of these objects; none where none fits.
    pub(super) fn of(objects: &[Value], random: &mut Random) -> anyhow::Result<Option<Self>> {
        let before = readable(objects);
        let (facts, _) = cluster::read(&before);
        let snapshot = &facts.snapshot;
        let Some(asked) = request::make(&before, snapshot, random) else { return Ok(None) };
        let gateway = snapshot.gateway(&asked.intent.gateway).context("the gateway of the request")?;
        let egresses = inventory::egresses(snapshot);
        let existing = Existing::of(&egresses);
        let mut attempt = Attempt {
            intent: asked.intent.clone(),
            decided: Decided::RefusedByRule,
            before: before.clone(),
            after: None,
        };
        let index = Index::of(snapshot);
        let Ok(requested) = Requested::of(asked, &existing, gateway, &snapshot.mesh) else {
            return Ok(Some(attempt));
        };
        let Ok(named) = requested.named(Chosen::default(), &index) else { return Ok(Some(attempt)) };
        let mut index = Index::of(snapshot);
        let Ok(decision) = named.plan(&existing, &index) else { return Ok(Some(attempt)) };
        for part in &named.parts {
            index.insert(&part.resource);
        }
        attempt.intent = named.record.intent.clone();
        let plans: Vec<&Plan> = decision.plans.iter().collect();
        if plans.iter().all(|plan| plan.is_empty()) {
            attempt.decided = Decided::NothingToDo;
            return Ok(Some(attempt));
        }
        let wanted = [(&named.record.intent, named.parts.as_slice())];
        let result = preflight::check(&Preflight {
            index: &index,
            related: Some(&facts.related_resources),
            wanted: &wanted,
            plans: &plans,
        });
        attempt.decided = match result {
            PreflightResult::Passed(_) => Decided::Added,
            PreflightResult::Unknown(_) => Decided::Unknown,
            PreflightResult::Refused(conflicts) => {
                let lines = conflicts
                    .iter()
                    .map(|one| format!("{} ({}) {}; hint: {}", one.object, one.field, one.message, one.hint));
                Decided::Refused(lines.collect::<Vec<_>>().join("\n  "))
            }
        };
        attempt.after = Some(after(before, &plans)?);
        Ok(Some(attempt))
    }

    /// The request as somebody types it.
    pub(super) fn words(&self) -> String {
        let Intent { host, ports, namespace, gateway, layout, hop, export_to, .. } = &self.intent;
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        format!(
            "add {host}:{} -n {namespace} --gateway {gateway} --layout {layout} --hop {hop} --export-to {}",
            ports.join(","),
            export_to.join(",")
        )
    }
}

/// Those that our program can read, with the endpoints that Kubernetes would write.
fn readable(objects: &[Value]) -> Vec<Value> {
    let (_, refused) = cluster::read(objects);
    let is_refused = |object: &&Value| refused.iter().any(|(identity, _)| *identity == Identity::of(object));
    with_slices(objects.iter().filter(|object| !is_refused(object)).cloned().collect())
}

fn after(mut objects: Vec<Value>, plans: &[&Plan]) -> anyhow::Result<Vec<Value>> {
    for (step, action) in plans.iter().flat_map(|plan| plan.writes()) {
        let id = &step.object.id;
        let found = objects.iter().find(|object| is(object, id)).cloned();
        objects.retain(|object| !is(object, id));
        if !matches!(action, Action::Delete) {
            objects.push(stored(&step.object, found.as_ref())?);
        }
    }
    Ok(objects)
}

fn is(object: &Value, id: &ObjectId) -> bool {
    cluster::is(object, &id.kind.to_string())
        && cluster::namespace(object) == id.namespace
        && cluster::name(object) == id.name
}

/// The object as it is stored, in place of the one that was there.
fn stored(object: &Resource, found: Option<&Value>) -> anyhow::Result<Value> {
    let id = &object.id;
    let mut written = object.to_json("v1")?;
    let usual = json!({ "uid": format!("{}-{}-{}", id.kind, id.namespace, id.name).to_lowercase(), "creationTimestamp": CREATED });
    let metadata = found.and_then(|found| found.get("metadata")).unwrap_or(&usual);
    for field in ["uid", "creationTimestamp"] {
        written["metadata"][field] = metadata[field].clone();
    }
    Ok(written)
}
