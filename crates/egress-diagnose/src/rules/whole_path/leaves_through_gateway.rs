//! EG100: a call to the host leaves through the gateway, as istiod would configure the proxies.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::istio::call::Speaks;
use egress_core::istio::routes::{Proxies, routes as all_routes};
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::visibility::virtual_service::{MESH, serves_mesh};
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::fixes::detour::{self, Callers};
use crate::istio::routes::routes as routes_of;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run, followed_and};
use crate::rules::mesh::plain_start::protocol::begins_in_plaintext;
use crate::traffic::direct_calls::refused_call;
use crate::traffic::doubt::{Doubt, doubt};
use crate::traffic::routed_call::{RoutedCall, RoutedEnd, routed_calls_to};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(100),
    name: "a call to the host leaves through the gateway, computed from all objects",
    level: Level::Error,
    segment: PathSegment::WholePath,
    inputs: &followed_and::<1, 11>([Input::Gateways]),
    beside_the_walk: "It is one of the two, for hosts with an egress.",
    docs: "\
## What it checks
The way of a call to the host, from each calling namespace and on each port that a rule sends to a gateway. It is computed as
istiod and Envoy would: the sidecar's listener, its route and cluster, the gateway's listener, route and cluster. Where
pods, Services or the mesh configuration are not among the files, usual ones are assumed: a fault is then likely, and no fault
proves nothing. A call that an EnvoyFilter may move is left out. Feature flags in istiod's
Deployment are followed; without a Deployment they are as Istio has them.

## Why it matters
Other checks look at one rule of Istio each. This one follows the call, and finds what no single rule shows: a port that is
opened elsewhere, a server that follows other rules, a rule for a protocol that the port does not have.

## How to fix
The finding names the object that decides. Change that one.
",
    run: Run::Path(run),
};

/// Whether a call to the host does not leave through the gateway, by the objects.
pub(in crate::rules) fn leads_elsewhere(view: &View<'_>, path: &EgressPath<'_>) -> bool {
    matches!(run(view, path), CheckOutcome::Bad(_))
}

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    if path.egress.is_none() {
        return CheckOutcome::NotApplicable;
    }
    let doubt = match doubt(view) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let routes = view.virtual_services(&path.host).into_iter().filter(|route| path.owns(&route.id));
    // A check of its own tells rules by server name for what begins without one.
    let has_no_name = |call: &RoutedCall<'_>| {
        matches!(call.call.speaks, Speaks::Tls { .. }) && begins_in_plaintext(call.call.port)
    };
    let calls =
        routes.flat_map(|route| routed_calls_to(view, route, Some(&path.callers), |host| host == path.host));
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for call in calls.filter(|call| !has_no_name(call)) {
        match call.end(view) {
            RoutedEnd::Unknown => {}
            RoutedEnd::AsWanted => looked_at += usize::from(!call.is_assumed()),
            RoutedEnd::Otherwise(passage) => wrong.push((call, passage)),
        }
    }
    let mut found = detour::findings(view, (CHECK.code, CHECK.level, Callers::OfPath), wrong);
    found.extend(untaken(view, path));
    let Some(Doubt { because, outcome }) = doubt else { return CheckOutcome::of(looked_at, found) };
    if found.is_empty() {
        return outcome;
    }
    for finding in &mut found {
        finding.confidence = Confidence::Inferred;
        finding.evidence.push(because.clone());
    }
    CheckOutcome::Bad(found)
}

/// Ports that no rule takes, although a VirtualService for them names the host: a sidecar may refuse calls there.
fn untaken(view: &View<'_>, path: &EgressPath<'_>) -> Option<Finding> {
    let routes = view.virtual_services(&path.host).into_iter();
    let route = routes
        .filter(|route| path.owns(&route.id))
        .find(|route| route.virtual_service().is_some_and(|spec| serves_mesh(spec) && spec.tls.is_some()))?;
    let taken = routes_of(route, MESH, &path.host);
    let entry = view.entries(&path.host).into_iter().find(|entry| path.owns(&entry.id))?;
    let mut open = path
        .ports
        .iter()
        .filter(|port| port.protocol == Protocol::Tls && !taken.iter().any(|route| route.carries(**port)));
    let (port, refused) = open.find_map(|port| {
        Some((port, refused_call(view, entry, (&path.host, port.number), &path.callers)?))
    })?;
    let rule = rule_of_sidecars(route);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "no rule takes TLS calls to {}:{}, and the callers' sidecars refuse them",
            path.host, port.number
        ),
        object: match &rule {
            Some((matched, names)) => Place::of(&route.id).field(format!("{matched}.sniHosts"), names),
            None => Place::of(&route.id).field("spec.tls", "empty"),
        },
        evidence: vec![format!("{} names the host in spec.hosts", route.id)],
        consequence: detour::consequence(&refused, None),
        fix: named_in_rule(route, rule.as_ref().map(|(matched, _)| matched.as_str()), &path.host),
    })
}

/// Names the host in a rule for sidecars.
fn named_in_rule(route: &Resource, matched: Option<&str>, host: &str) -> Fix {
    let Some(matched) = matched else {
        let show = ShellCommand::show(&route.id.kind.qualified(), &route.id.name, &route.id.namespace);
        return fixes::fix(show, "shows the routes; add a rule for the host");
    };
    let operation = json!({ "op": "add", "path": format!("{}/sniHosts/-", pointer(matched)), "value": host });
    fixes::patch(&route.id, &operation, "lets the rule for sidecars take the host")
}

/// The first rule that takes TLS in sidecars: the place of its match, and the server names that it takes.
fn rule_of_sidecars(route: &Resource) -> Option<(String, String)> {
    let rules = all_routes(route, Proxies::Sidecars, None);
    let rule = rules.iter().find(|rule| rule.protocol == Protocol::Tls)?;
    let matched = rule.matched.clone()?;
    let spec = json!({ "spec": route.virtual_service() });
    let names: Vec<String> = spec.pointer(&pointer(&matched))?["sniHosts"]
        .as_array()?
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    Some((matched, names.join(", ")))
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('[', "/").replace(']', "").replace('.', "/"))
}
