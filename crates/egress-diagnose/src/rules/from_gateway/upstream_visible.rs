//! EG026: the gateway's namespace sees the host's ServiceEntry.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::routes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::{MissingRouteCause, missing_routes, upstreams};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(26),
    name: "the gateway's namespace sees the host's ServiceEntry",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "EG100 shows the first fault on the way of a call. This check also finds this one behind another, and \
                      says where no ServiceEntry declares the host at all.",
    docs: "\
## What it checks
The host of each destination at the gateway: some ServiceEntry declares it, and its `exportTo` covers the namespace of
the gateway's pods.

## Why it matters
Without the ServiceEntry the gateway has no cluster: every call fails with 503 (`NC`). A ServiceEntry with `exportTo:
[.]` in the caller namespace causes exactly that.

## How to fix
Export the ServiceEntry to the gateway's namespace.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let namespace = &gateway.name.namespace;
    let mut told = BTreeSet::new();
    let (mut visible, mut findings) = (0, Vec::new());
    // What a route leads to is looked at even where its Gateway object is missing: mending one fault must not reveal the
    // next.
    let unbound = missing_routes(view, path, gateway).into_iter().flat_map(|missing| match missing.cause {
        MissingRouteCause::NoGatewayObject(route, name) => routes(route, &name, &path.host),
        _ => Vec::new(),
    });
    for route in upstreams(view, path, gateway).into_iter().chain(unbound) {
        if !view.entries_seen_from(namespace, route.host).is_empty() {
            visible += 1;
            continue;
        }
        if !told.insert(route.host) {
            continue;
        }
        let hidden = view.entries(route.host).first().copied();
        findings.push(Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message: match hidden {
                Some(_) => format!("namespace {namespace} does not see the ServiceEntry of {}", route.host),
                None => format!("no ServiceEntry declares {}", route.host),
            },
            object: match hidden {
                Some(entry) => Place::export_to(entry),
                None => Place::of(&route.resource.id).field(format!("{}.host", route.field), route.host),
            },
            evidence: vec![format!("the pods of gateway {} run in {namespace}", gateway.name)],
            consequence: format!("calls to {} get 503 from the gateway", path.host),
            fix: match hidden {
                Some(entry) if path.record().is_none() => {
                    fixes::export(view, entry, namespace, "exports it to the gateway")
                }
                // The called host is declared, and the route leads to another name.
                None if path.record().is_none()
                    && !view.entries_seen_from(namespace, &path.host).is_empty() =>
                {
                    let field = format!("{}.host", route.field);
                    fixes::set(&route.resource.id, &field, &json!(path.host), "routes to the called host")
                }
                _ => fixes::put_right(
                    view,
                    path,
                    gateway,
                    "writes the ServiceEntry so that the gateway sees it",
                ),
            },
        });
    }
    CheckOutcome::of(visible, findings)
}
