//! EG071: no http route uses a CONNECT tunnel.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::exported_to;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(71),
    name: "no http route uses a CONNECT tunnel",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Mesh, Input::ServiceEntries, Input::DestinationRules, Input::VirtualServices],
    beside_the_walk: "A followed call shows where it goes, not that a tunnel was wanted.",
    docs: "\
## What it checks
DestinationRules with `tunnel`: no `http` route leads to their host. DestinationRules in other namespaces than the
caller's, the Service's and the root namespace do not apply, and are not checked.

## Why it matters
Envoy uses the tunnel (`CONNECT`) for TCP and TLS connections only. An `http` route sends the proxy an ordinary
request, and Istio silently ignores the setting (istio/istio#57556).

## How to fix
Use a `tls` or `tcp` route to the proxy, and declare the port with that protocol.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let tunnels: Vec<(&Resource, String)> = view.destination_rules().filter_map(tunnel).collect();
    if tunnels.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    view.note(Input::VirtualServices);
    let mut findings = Vec::new();
    for resource in view.index().of_kind(Kind::VirtualService) {
        let rules = resource.virtual_service().and_then(|spec| spec.http.as_deref()).unwrap_or_default();
        for (number, rule) in rules.iter().enumerate() {
            let mut destinations = rule.route.iter().flatten().map(|route| route.destination.host.as_str());
            let used = destinations.find_map(|host| {
                tunnels.iter().find(|(rule, _)| is_for(rule, host) && is_asked(view, rule, host, resource))
            });
            findings.extend(used.map(|(rule, field)| finding(resource, number, rule, field)));
        }
    }
    CheckOutcome::of(tunnels.len(), findings)
}

/// A rule that configures a tunnel, and its field.
fn tunnel(rule: &Resource) -> Option<(&Resource, String)> {
    let spec = rule.destination_rule()?;
    if spec.traffic_policy.as_ref().is_some_and(|policy| policy.tunnel.is_some()) {
        return Some((rule, "spec.trafficPolicy.tunnel".to_owned()));
    }
    let place =
        spec.subsets.iter().flatten().position(|subset| {
            subset.traffic_policy.as_ref().is_some_and(|policy| policy.tunnel.is_some())
        })?;
    Some((rule, format!("spec.subsets[{place}].trafficPolicy.tunnel")))
}

fn is_for(rule: &Resource, host: &str) -> bool {
    rule.destination_rule().is_some_and(|spec| spec.host == host)
}

/// Whether istiod looks in the rule's namespace for any proxy that uses the route: the Service's namespace, the root
/// namespace, or one that sees the route. `destinationRule` in `pilot/pkg/model/push_context.go`.
fn is_asked(view: &View<'_>, rule: &Resource, host: &str, route: &Resource) -> bool {
    let namespace = rule.id.namespace.as_str();
    let export_to = route.virtual_service().and_then(|spec| spec.export_to.as_deref());
    let is_root = namespace == view.mesh().root_namespace;
    let is_of_service = host.contains(&format!(".{namespace}.svc"))
        | view.entries(host).iter().any(|entry| entry.id.namespace == namespace);
    is_root || is_of_service || exported_to(export_to, &route.id.namespace, namespace)
}

fn finding(resource: &Resource, number: usize, rule: &Resource, field: &str) -> Finding {
    let host = rule.destination_rule().map(|spec| spec.host.as_str()).unwrap_or_default();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("an http route leads to {host}, but its tunnel is only for TCP and TLS"),
        object: Place::of(&resource.id).field(format!("spec.http[{number}]"), "an http route"),
        evidence: vec![Place::of(&rule.id).field(field, "set").to_string()],
        consequence: format!(
            "its requests reach {host} without `CONNECT`: the proxy refuses them, or forwards them by its own rules"
        ),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "edit"])
                .object(&resource.id.kind.qualified(), &resource.id.name)
                .in_namespace(&resource.id.namespace),
            "move the route to `tls` or `tcp`, as the application sends it, and declare the port with that protocol",
        ),
    }
}
