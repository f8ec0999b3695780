//! EG034: all objects of the egress exist.

use egress_core::host::Host;
use egress_core::inventory::{Egress, State};
use egress_core::names;
use egress_core::resource::ObjectId;
use egress_core::role::Role;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(34),
    name: "all objects of the egress exist",
    level: Level::Error,
    segment: PathSegment::Objects,
    inputs: &[],
    beside_the_walk: "It compares with the record of what was asked for. Calls may pass or be refused for other reasons \
                      while an object is missing.",
    docs: "\
## What it checks
All objects that the recorded egress needs exist, including the gateway's shared Gateway and DestinationRule.

## Why it matters
An interrupted `add` or `remove`, or one deleted object, leaves half an egress. Without the gateway leg the gateway
answers 404. Without the mesh leg calls are refused or leave directly.

## How to fix
Run the same `add` again: it creates the missing objects. Or run `remove`.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(egress) = path.egress.filter(|egress| egress.layout.is_some()) else {
        return CheckOutcome::NotApplicable;
    };
    let Some(State::Incomplete { missing }) = &path.state else {
        let pair = path.gateway.filter(|_| egress.uses_gateway_objects());
        let seen = pair.map_or(Ok(()), |gateway| view.sees(Some(&gateway.name.namespace)));
        return seen.map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::Good(None));
    };
    let exists: Vec<String> = egress.parts.iter().map(|part| part.role.to_string()).collect();
    let mut gone: Vec<(Option<Role>, &ObjectId)> = missing.iter().map(|id| (role(id, egress), id)).collect();
    gone.sort_by_key(|(role, _)| *role);
    let Some((first, id)) = gone.first() else { return CheckOutcome::Good(None) };
    let names: Vec<String> = gone
        .iter()
        .map(|(role, id)| role.map_or_else(|| id.kind.to_string(), |role| format!("the {role}")))
        .collect();
    let mut evidence: Vec<String> =
        gone.iter().skip(1).map(|(_, id)| format!("{id} is missing too")).collect();
    evidence.push(format!("existing objects: {}", list(&exists)));
    CheckOutcome::Bad(vec![Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{} {} missing", list(&names), if names.len() == 1 { "is" } else { "are" }),
        object: Place::of(id),
        evidence,
        consequence: consequence(*first, path),
        fix: fixes::add(path, "creates the missing objects, in an order that lets no call leave directly"),
    }])
}

/// The role of a missing object.
fn role(id: &ObjectId, egress: &Egress<'_>) -> Option<Role> {
    let base = names::base(&Host::Name(egress.host.clone()));
    let name = |role: Role| match egress.readable_record() {
        Some(record) => record.names.object(&record.intent, role),
        None => names::object(&base, role),
    };
    let plays = |role: &Role| match role {
        Role::SharedGateway | Role::SharedDestinationRule => false,
        role => role.kind() == id.kind && name(*role) == id.name,
    };
    let shared =
        [Role::SharedGateway, Role::SharedDestinationRule].into_iter().find(|role| role.kind() == id.kind);
    Role::ALL.into_iter().find(plays).or(shared)
}

fn consequence(role: Option<Role>, path: &EgressPath<'_>) -> String {
    let (host, callers) = (&path.host, list(&path.callers));
    match role {
        Some(Role::SharedGateway | Role::Gateway) => {
            format!("the gateway does not listen for {host}: calls fail")
        }
        Some(Role::SharedDestinationRule | Role::DestinationRule) => {
            format!(
                "HTTP calls from {callers} to {host} fail with 503: the subset of the gateway's Service is missing"
            )
        }
        Some(Role::Upstream) => {
            format!(
                "the gateway cannot reach {host}: HTTP gets 503, TLS is reset; the record of the egress is lost"
            )
        }
        Some(Role::GatewayLeg) => {
            format!("calls from {callers} reach the gateway and end there: HTTP gets 404, TLS is reset")
        }
        Some(Role::MeshLeg) => {
            let known = path.egress.is_some_and(|egress| egress.part(Role::Client).is_some());
            let fate =
                if known { "leave directly from the caller's node" } else { "do not go to the gateway" };
            format!("calls from {callers} to {host} {fate}")
        }
        Some(Role::Client) | None => {
            format!("the sidecars of {callers} do not know {host}: TLS calls are refused")
        }
    }
}
