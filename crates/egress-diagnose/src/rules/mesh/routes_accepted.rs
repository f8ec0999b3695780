//! EG074: Gateway API routes to external hosts are accepted.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::related_resources::GatewayApiObject;
use egress_core::resource::{Condition, conditions};
use serde_json::Value;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(74),
    name: "Gateway API routes to external hosts are accepted",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::GatewayApi],
    beside_the_walk: "istiod makes nothing of a route that it refuses, so no call follows it.",
    docs: "\
## What it checks
Routes of `gateway.networking.k8s.io` with a ServiceEntry as parent or a `Hostname` as backend: `Accepted` and
`ResolvedRefs` in their status, and whether a controller answered at all, if it answered for others.

## Why it matters
A route that is not accepted has no effect. Calls leave directly, or the gateway answers 404. istiod silently ignores
CRDs older than it needs, and kinds that need `PILOT_ENABLE_ALPHA_GATEWAY_API`.

## How to fix
Follow the condition's message. A `Hostname` is resolved in the route's own namespace: keep ServiceEntry, routes and
Gateway in one namespace. A Service of another namespace needs a ReferenceGrant. Install CRDs as new as istiod needs.
",
    run: Run::Mesh(run),
};

/// The conditions that a route needs, as `gateway.networking.k8s.io` names them.
const NEEDED: [&str; 2] = ["Accepted", "ResolvedRefs"];

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).map_or_else(
        |outcome| outcome,
        |found| found.map_or(CheckOutcome::NotApplicable, |found| CheckOutcome::of(1, found)),
    )
}

/// None if no route sends traffic to an external host.
fn findings(view: &View<'_>) -> Readable<Option<Vec<Finding>>> {
    let all = view.gateway_api()?;
    let routes: Vec<&GatewayApiObject> = all.iter().filter(|object| leads_outside(object)).collect();
    if routes.is_empty() {
        return Ok(None);
    }
    let somebody_answers = all.iter().any(|object| !parents(object).is_empty());
    let found = routes.iter().filter_map(|route| {
        let parents = parents(route);
        if parents.is_empty() {
            return somebody_answers.then(|| unanswered(route));
        }
        let failed = parents.iter().find_map(|parent| {
            conditions(parent).into_iter().find(|found| NEEDED.contains(&found.kind.as_str()) && !found.holds)
        });
        failed.map(|condition| refused(route, &condition))
    });
    Ok(Some(found.collect()))
}

/// Whether a route sends an external host's traffic from sidecars, or from a gateway to the host.
fn leads_outside(object: &GatewayApiObject) -> bool {
    let list =
        |holder: &Value, key: &str| holder.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let is = |reference: &Value, kind: &str| {
        let word = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
        word("group") == "networking.istio.io" && word("kind") == kind
    };
    let spec = &object.object.spec;
    object.kind.ends_with("Route")
        && (list(spec, "parentRefs").iter().any(|parent| is(parent, "ServiceEntry"))
            || list(spec, "rules")
                .iter()
                .any(|rule| list(rule, "backendRefs").iter().any(|backend| is(backend, "Hostname"))))
}

/// The controllers' conditions of an object, for each of its parents.
fn parents(object: &GatewayApiObject) -> &[Value] {
    object.status.get("parents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn refused(route: &GatewayApiObject, condition: &Condition) -> Finding {
    let Condition { kind, reason, message, .. } = condition;
    finding(
        route,
        Confidence::Certain,
        format!("{} {} is not accepted: {reason}", route.kind, route.object.name),
        (&format!("status.parents[].conditions[{kind}]"), "False"),
        vec![format!("the controller: {message}")],
    )
}

fn unanswered(route: &GatewayApiObject) -> Finding {
    finding(
        route,
        Confidence::Inferred,
        format!("no controller answered for {} {}", route.kind, route.object.name),
        ("status.parents", "[]"),
        vec![format!("its apiVersion is {}; a controller answered for other routes", route.api_version)],
    )
}

fn finding(
    route: &GatewayApiObject,
    confidence: Confidence,
    message: String,
    (field, value): (&str, &str),
    evidence: Vec<String>,
) -> Finding {
    let (namespace, name) = (&route.object.namespace, &route.object.name);
    let kind = format!("{}.gateway.networking.k8s.io", route.kind.to_ascii_lowercase());
    Finding {
        code: CHECK.code,
        confidence,
        level: CHECK.level,
        message,
        object: Place::new(&route.kind, Some(namespace), name).field(field, value),
        evidence,
        consequence: "the route has no effect: its calls leave directly, or the gateway answers 404"
            .to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "describe"]).object(&kind, name).in_namespace(namespace),
            "shows what the controller needs: the ServiceEntry in the route's own namespace, a ReferenceGrant, or newer \
             CRDs of the Gateway API",
        ),
    }
}
