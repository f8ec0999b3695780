//! EG094: Gateway API routes apply to the parents that they name.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::related_resources::GatewayApiObject;
use egress_core::resource::Resource;
use serde_json::{Value, json};

use crate::did_you_mean::did_you_mean;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::fixes;
use crate::istio::data_plane::DataPlaneMode;
use crate::istio::waypoints::waypoint_of;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

mod parent;

use self::parent::{GATEWAY_API, ISTIO, Parent};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(94),
    name: "Gateway API routes apply to the parents that they name",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::Namespaces, Input::Pods, Input::ServiceEntries, Input::GatewayApi],
    beside_the_walk: "istiod makes nothing of a route with a wrong parent, so no call follows it.",
    docs: "\
## What it checks
The `parentRefs` of HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes that name a ServiceEntry, or lead to a `Hostname`:
group and kind are ones that Istio reads, the parent exists, the port is one of the parent's ports, the listener exists,
and a route of a host with a waypoint lies in the namespace of the ServiceEntry. Where the host has none, a route of
another namespace is read by the sidecars there, and by no pod in ambient mode.

## Why it matters
istiod accepts most of these routes: `Accepted`, `ResolvedRefs` and `ResolvedWaypoints` are all true, and no rule of the
route has an effect. A route in another namespace than its parent is a consumer route, which only sidecars of the
route's own namespace read; a waypoint uses routes of the host's own namespace (istio/istio#58117). A port that the host
does not have is never called. A parent of an unknown group, such as a ServiceEntry without `group:
networking.istio.io`, is read by nobody.

## How to fix
Move the route to the namespace of the ServiceEntry. Write group, kind and port as the parent has them.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    let objects = view.gateway_api()?;
    let entries: Vec<&Resource> = view.service_entries().collect();
    let (mut parents, mut found) = (0, Vec::new());
    for route in objects.iter().filter(|object| object.kind.ends_with("Route")) {
        for parent in Parent::all(route).filter(|parent| parent.is_of_egress(&entries)) {
            parents += 1;
            // What istiod says itself is told by EG074.
            if !parent.is_refused() {
                found.extend(fault(view, &parent, objects, &entries)?);
            }
        }
    }
    Ok(CheckOutcome::of(parents, found))
}

fn fault(
    view: &View<'_>,
    parent: &Parent<'_>,
    objects: &[GatewayApiObject],
    entries: &[&Resource],
) -> Readable<Option<Finding>> {
    Ok(match (parent.group(), parent.kind()) {
        (ISTIO, "ServiceEntry") => of_entry(view, parent, entries)?,
        (GATEWAY_API, "Gateway") => of_gateway(parent, objects),
        ("" | "core", "Service") => None,
        (_, "ServiceEntry" | "Hostname" | "Service" | "Gateway") => Some(of_unknown_kind(parent, entries)),
        // Of another controller.
        _ => None,
    })
}

/// A parent of a group and kind that Istio does not read. `toInternalParentReference` in
/// `pilot/pkg/config/kube/gateway/conversion.go`.
fn of_unknown_kind(parent: &Parent<'_>, entries: &[&Resource]) -> Finding {
    let (group, kind) = (parent.group(), parent.kind());
    let (meant, name) = match kind {
        "Service" | "Gateway" => (if kind == "Service" { "" } else { GATEWAY_API }, None),
        "Hostname" => (ISTIO, parent.entry_of_host(entries)),
        _ => (ISTIO, None),
    };
    let meant_kind = if kind == "Hostname" { "ServiceEntry" } else { kind };
    let mut value = parent.value.clone();
    value["group"] = json!(meant);
    value["kind"] = json!(meant_kind);
    if let Some(entry) = name {
        value["name"] = json!(entry.id.name);
    }
    let why = format!("names the parent as Istio reads it: {meant_kind} of group `{meant}`");
    Finding {
        confidence: Confidence::Certain,
        ..parent.finding(
            format!("Istio reads no parents of kind {kind} in group `{group}`"),
            ("", format!("{group}/{kind}")),
            vec!["no controller answers for such a parent, and none refuses it".to_owned()],
            parent.replaced(&value, &why),
        )
    }
}

/// A ServiceEntry: whether it is there, has the port, and lies beside the route.
fn of_entry(view: &View<'_>, parent: &Parent<'_>, entries: &[&Resource]) -> Readable<Option<Finding>> {
    let (namespace, name) = (parent.namespace(), parent.name());
    let Some(entry) = entries.iter().find(|entry| entry.id.namespace == namespace && entry.id.name == name)
    else {
        // Files need not hold every ServiceEntry, and istiod accepts no route of one that is not there.
        let is_known = view.sees(Some(namespace)).is_ok() && !entries.is_empty() && !parent.is_accepted();
        if !is_known {
            return Ok(None);
        }
        let namespaces = view.labelled_namespaces()?;
        let waypoint_reads = |entry: &Resource| {
            let home = namespaces.iter().find(|facts| facts.name == entry.id.namespace);
            waypoint_of(entry, home.map(|facts| &facts.labels)).is_some()
        };
        return Ok(Some(missing(parent, entries, &waypoint_reads)));
    };
    let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    if let Some(port) = parent.value.get("port").and_then(Value::as_i64)
        && !ports.iter().any(|known| known.number == port)
    {
        let known: Vec<String> = ports.iter().map(|port| port.number.to_string()).collect();
        let evidence = vec![format!("ports of serviceentry {namespace}/{name}: {}", list(&known))];
        let fix = match ports {
            [only] => parent.set("port", &json!(only.number), "names the port that the ServiceEntry has"),
            _ => parent.removed("port", "lets the route hold for every port of the ServiceEntry"),
        };
        let message = format!("{} is for port {port}, which {} does not have", parent.label(), hosts(entry));
        return Ok(Some(parent.finding(message, (".port", port.to_string()), evidence, fix)));
    }
    let home = view.labelled_namespaces()?.iter().find(|facts| facts.name == entry.id.namespace);
    let waypoint = waypoint_of(entry, home.map(|facts| &facts.labels));
    if let Some((there, waypoint)) = waypoint.filter(|_| parent.route.object.namespace != namespace) {
        let evidence = vec![
            format!("waypoint {there}/{waypoint} takes calls to {}", hosts(entry)),
            format!("a waypoint reads routes of the host's own namespace only, here {namespace}"),
            "status: the route is accepted nevertheless".to_owned(),
        ];
        let evidence = if parent.is_accepted() { evidence } else { evidence[..2].to_vec() };
        let message =
            format!("{} is in another namespace than its ServiceEntry {namespace}/{name}", parent.label());
        let finding = parent.finding(message, (".namespace", namespace.to_owned()), evidence, parent.moved());
        let consequence = format!(
            "no rule of it holds: calls to {} pass the waypoint without its conditions, changes and time limits",
            hosts(entry)
        );
        return Ok(Some(Finding { consequence, ..finding }));
    }
    if waypoint.is_none()
        && let Some(finding) = unread(view, parent, entry)?
    {
        return Ok(Some(finding));
    }
    let section = parent.value.get("sectionName").and_then(Value::as_str);
    Ok(section.filter(|section| !ports.iter().any(|port| port.name == *section)).map(|section| {
        let evidence = vec![
            "Istio does not read `sectionName` of such a parent: the route holds for all ports".to_owned(),
        ];
        let fix = parent.removed("sectionName", "says what holds; name a port by `port`");
        let message =
            format!("{} names section {section}, which {} does not have", parent.label(), hosts(entry));
        let finding = parent.finding(message, (".sectionName", section.to_owned()), evidence, fix);
        let consequence = format!("the route holds for every port of {}", hosts(entry));
        Finding { level: Level::Warning, consequence, ..finding }
    }))
}

/// A route of a host without a waypoint, in a namespace whose pods are all in ambient mode: a consumer route is for them
/// alone, and ztunnel reads no routes. Of a route beside its ServiceEntry, the callers may have sidecars.
fn unread(view: &View<'_>, parent: &Parent<'_>, entry: &Resource) -> Readable<Option<Finding>> {
    let home = parent.route.object.namespace.as_str();
    if home == entry.id.namespace || !view.pods(home).is_empty() {
        return Ok(None);
    }
    let workloads = view.workloads_with_mode(home, DataPlaneMode::Ztunnel)?;
    if workloads.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = workloads.keys().map(ToString::to_string).collect();
    let evidence = vec![
        format!("in ambient mode: {}", list(&names)),
        format!(
            "serviceentry {}/{} has no waypoint, which would read its routes",
            entry.id.namespace, entry.id.name
        ),
    ];
    let fix = fixes::fix(
        ShellCommand::new(["kubectl", "get", "gateways.gateway.networking.k8s.io", "-A"]),
        "shows the waypoints: name one by label istio.io/use-waypoint of the ServiceEntry, and move the route beside it",
    );
    let message = format!(
        "{} is for pods of {home} alone, which are in ambient mode and read no routes",
        parent.label()
    );
    Ok(Some(parent.finding(message, (".namespace", entry.id.namespace.clone()), evidence, fix)))
}

/// `waypoint_reads`: whether a waypoint takes calls to the hosts of an entry, and reads routes beside it alone.
fn missing(
    parent: &Parent<'_>,
    entries: &[&Resource],
    waypoint_reads: &dyn Fn(&Resource) -> bool,
) -> Finding {
    let (namespace, name) = (parent.namespace(), parent.name());
    let elsewhere = entries.iter().find(|entry| entry.id.name == name);
    let here = entries.iter().filter(|entry| entry.id.namespace == namespace);
    let near = did_you_mean(name, here.map(|entry| entry.id.name.as_str()));
    let (evidence, fix) = match (near, elsewhere) {
        (_, Some(entry)) => (
            format!("serviceentry {}/{name} exists", entry.id.namespace),
            if waypoint_reads(entry) {
                parent.moved_to(&entry.id.namespace)
            } else {
                parent.set("namespace", &json!(entry.id.namespace), "names the namespace of the ServiceEntry")
            },
        ),
        (Some(near), None) => (
            format!("did you mean {namespace}/{near}?"),
            parent.set("name", &json!(near), "names the ServiceEntry that exists"),
        ),
        (None, None) => (
            format!("no ServiceEntry has this name in {namespace}"),
            fixes::fix(
                ShellCommand::new(["kubectl", "get", "serviceentries.networking.istio.io"])
                    .in_namespace(namespace),
                "shows the ServiceEntries that exist; name one of them as the parent",
            ),
        ),
    };
    let message = format!("parent ServiceEntry {namespace}/{name} of {} does not exist", parent.label());
    parent.finding(message, (".name", name.to_owned()), vec![evidence], fix)
}

/// A Gateway: whether it is there and has the listener and the port. `referenceAllowed` in the same file of istiod.
fn of_gateway(parent: &Parent<'_>, objects: &[GatewayApiObject]) -> Option<Finding> {
    let (namespace, name) = (parent.namespace(), parent.name());
    let mut gateways = objects.iter().filter(|object| object.kind == "Gateway").peekable();
    // Files need not hold the Gateways.
    gateways.peek()?;
    let all: Vec<&GatewayApiObject> = gateways.collect();
    let is = |object: &&&GatewayApiObject| object.object.namespace == namespace && object.object.name == name;
    let Some(gateway) = all.iter().find(is) else {
        let near = did_you_mean(name, all.iter().map(|object| object.object.name.as_str()));
        let elsewhere = all.iter().find(|object| object.object.name == name);
        let (evidence, fix) = match (elsewhere, near) {
            (Some(there), _) => (
                format!("gateway {}/{name} exists", there.object.namespace),
                parent.set("namespace", &json!(there.object.namespace), "names the namespace of the Gateway"),
            ),
            (None, Some(near)) => (
                format!("did you mean {near}?"),
                parent.set("name", &json!(near), "names the Gateway that exists"),
            ),
            (None, None) => return None,
        };
        let message = format!("parent Gateway {namespace}/{name} of {} does not exist", parent.label());
        return Some(parent.finding(message, (".name", name.to_owned()), vec![evidence], fix));
    };
    let listeners = gateway.object.spec.get("listeners").and_then(Value::as_array)?;
    let (section, port) = (parent.value.get("sectionName"), parent.value.get("port"));
    let fits = |listener: &&Value| {
        section.is_none_or(|section| listener.get("name") == Some(section))
            && port.is_none_or(|port| listener.get("port") == Some(port))
    };
    if listeners.iter().any(|listener| fits(&listener)) {
        return None;
    }
    let known: Vec<String> = listeners
        .iter()
        .map(|it| format!("{}:{}", it["name"].as_str().unwrap_or_default(), it["port"]))
        .collect();
    let (field, value) = match section {
        Some(section) => ("sectionName", section.as_str().unwrap_or_default().to_owned()),
        None => ("port", port.map(ToString::to_string).unwrap_or_default()),
    };
    let near = did_you_mean(&value, listeners.iter().filter_map(|it| it["name"].as_str()));
    let fix = match (field, near) {
        ("sectionName", Some(near)) => parent.set(field, &json!(near), "names the listener that exists"),
        _ => parent.removed(field, "lets the route hold for every listener that admits it"),
    };
    Some(parent.finding(
        format!("Gateway {namespace}/{name} has no listener that {} names", parent.label()),
        (&format!(".{field}"), value),
        vec![format!("its listeners: {}", list(&known))],
        fix,
    ))
}

fn hosts(entry: &Resource) -> String {
    entry.service_entry().map(|spec| list(&spec.hosts)).unwrap_or_default()
}
