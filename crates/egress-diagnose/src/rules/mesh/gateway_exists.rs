//! EG060: an egress gateway exists.

use std::collections::BTreeSet;

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::{destinations, serves_mesh};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(60),
    name: "an egress gateway exists",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::Gateways, Input::GatewayApi, Input::VirtualServices, Input::Services, Input::Mesh],
    beside_the_walk: "Without a gateway there is no call to follow through it.",
    docs: "\
## What it checks
Some Service is an egress gateway: its pods carry the label `istio: egressgateway`, or the user named it. A mesh with
gateways or waypoints of the Gateway API is not checked: calls may leave through those. Neither is one in which no route of a
host outside leads to a Service that is missing, and nobody asks for a host: it has no gateway on purpose.

## Why it matters
Without a gateway every call to the outside leaves from the caller's node, or fails.

## How to fix
Install one, for example with Istio's Helm chart `gateway`. The chart makes the label that routes need from the
release name.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let gateways = view.gateways();
    if !gateways.is_empty() {
        let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.to_string()).collect();
        return CheckOutcome::Good(Some(list(&names)));
    }
    if let Err(outcome) = view.readable(Input::Gateways) {
        return outcome;
    }
    if let Some(why) = view.unreadable(Input::Services) {
        return CheckOutcome::Unreadable(why);
    }
    let others = view.gateway_api().unwrap_or_default();
    if others.iter().any(|object| object.kind == "Gateway") {
        return CheckOutcome::NotApplicable;
    }
    let Some(why) = wanted(view) else { return CheckOutcome::NotApplicable };
    CheckOutcome::Bad(vec![Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: "no Service is an egress gateway".to_owned(),
        object: Place::new("Service", Some("istio-system"), "istio-egressgateway"),
        evidence: vec!["no Service selects pods with the label istio=egressgateway".to_owned(), why],
        consequence: "no call can leave through a gateway; calls with a route to a gateway fail with 503"
            .to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["helm", "install", "istio-egressgateway", "gateway", "-n", "istio-system"])
                .words(["--set", "service.type=ClusterIP"])
                .words(["--repo", "https://istio-release.storage.googleapis.com/charts"]),
            "installs Istio's gateway chart",
        ),
    }])
}

/// Why a gateway is missed; none in a mesh that has none on purpose.
fn wanted(view: &View<'_>) -> Option<String> {
    if let Some(host) = view.asked_hosts().first() {
        return Some(format!("calls to {host} are to leave through one"));
    }
    let domain = &view.mesh().cluster_domain;
    let services = view.services().ok()?.iter();
    let services: BTreeSet<String> =
        services.map(|service| format!("{}.{}.svc.{domain}", service.name, service.namespace)).collect();
    let is_outside = |host: &String| host.contains('.') && !host.ends_with(domain.as_str());
    let is_missing = |to: &String| to.ends_with(&format!(".svc.{domain}")) && !services.contains(to);
    let missing = |route: &Resource| {
        let spec = route.virtual_service().filter(|spec| serves_mesh(spec))?;
        let mut hosts = spec.hosts.iter().flatten();
        let mut to = destinations(spec).map(|to| view.full_host(to, &route.id.namespace));
        hosts.any(is_outside).then(|| to.find(is_missing)).flatten()
    };
    view.note(Input::VirtualServices);
    let mut routes = view.index().of_kind(Kind::VirtualService).iter().copied();
    routes.find_map(|route| Some(format!("{} leads to {}, which does not exist", route.id, missing(route)?)))
}
