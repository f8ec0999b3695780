//! From settings and a snapshot to plans: which gateway, what exists already, what stands in the way.
//!
//! Pure but for the failures, which are in the shell's words. Writes nothing.

use egress_core::conflict::{self, Conflict, Severity};
use egress_core::intent::GatewayName;
use egress_core::inventory::{self, Egress, state};
use egress_core::metadata::Record;
use egress_core::plan::{self, Plan};
use egress_core::request::{Joined, join};
use egress_core::shape::{self, Part};
use egress_core::snapshot::{GatewayFacts, Snapshot};

use crate::exit::{Code, Failure};

/// What is to be done for one host.
pub(super) struct Decision {
    /// What was asked for, joined with what existed.
    pub record: Record,
    /// The objects that are wanted.
    pub parts: Vec<Part>,
    /// The plans, one after the other: a removal first where old and new cannot stand side by side.
    pub plans: Vec<Plan>,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// The gateway to use: the one that was named, else the only one there is.
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
            hint: Some(format!("look at them: `kubectl get pods -n {} -o wide`", found.name.namespace)),
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

/// The plans for one request.
pub(super) fn add(asked: Record, gateway: &GatewayFacts, snapshot: &Snapshot) -> Result<Decision, Failure> {
    let intent = &asked.intent;
    let existing = inventory::egresses(snapshot).into_iter().find(|egress| {
        egress.layout.is_some() && egress.namespace == intent.namespace && egress.host == intent.host
    });
    let found = existing.as_ref().and_then(Egress::readable_record);
    let joined = join(asked, found).map_err(|error| Failure {
        code: Code::Conflict,
        message: error.to_string(),
        hint: Some("remove it first: `kubectl egress remove HOST`".to_owned()),
    })?;
    let (record, old) = match joined {
        Joined::InPlace(record) => (record, None),
        Joined::Replace(record) => (record, existing),
    };
    let parts = build(&record, gateway, snapshot)?;
    let remaining = without(snapshot, old.as_ref());
    let warnings = refuse_conflicts(conflict::find(&record, &parts, gateway, &remaining))?;
    let mut decision = Decision { plans: Vec::new(), warnings, record, parts };
    if let Some(old) = &old {
        decision.plans.push(plan::remove::plan(
            old,
            &state::wanted(old, snapshot).unwrap_or_default(),
            snapshot,
        ));
        decision.warnings.push(format!(
            "{} changes its layout, hop or gateway: calls are refused from the removal of the old objects to the proof \
             of the new ones",
            old.host
        ));
    }
    decision.plans.push(plan::add::plan(&decision.record.intent, &decision.parts, &remaining));
    Ok(decision)
}

/// The objects of a request.
pub(super) fn build(
    record: &Record,
    gateway: &GatewayFacts,
    snapshot: &Snapshot,
) -> Result<Vec<Part>, Failure> {
    shape::build(record, gateway, &snapshot.mesh)
        .map_err(|refusal| Failure::usage(refusal.to_string(), "see `kubectl egress add --help`"))
}

/// The snapshot as it will be once the old objects are gone.
fn without(snapshot: &Snapshot, old: Option<&Egress>) -> Snapshot {
    let mut remaining = snapshot.clone();
    if let Some(old) = old {
        remaining.resources.retain(|resource| !old.parts.iter().any(|part| part.resource.id == resource.id));
    }
    remaining
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
