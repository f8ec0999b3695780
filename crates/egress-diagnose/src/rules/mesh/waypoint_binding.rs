//! Why a waypoint does not take the calls of a host that names it, and which command makes it take them.
//!
//! Follows `fetchWaypointForService` in `pilot/pkg/serviceregistry/ambient/waypoints.go`. Believes istiod's own condition
//! where there is one, and judges by the objects otherwise. Does not know whether the waypoint's pods run.

use std::collections::BTreeMap;

use egress_core::command::ShellCommand;
use egress_core::resource::Resource;
use serde_json::json;

use crate::did_you_mean::did_you_mean;
use crate::finding::{Alteration, Confidence, Fix, Place};
use crate::fixes;
use crate::istio::waypoints::{BOUND, NAMESPACE, TRAFFIC, USE, Waypoint, bound};
use crate::wording::list;

/// Why a host is not bound to the waypoint that it names.
pub(super) struct Unbound {
    /// istiod's word for it, or the same from the objects.
    pub(super) reason: String,
    /// Whether istiod said it.
    pub(super) is_said: bool,
    pub(super) confidence: Confidence,
    pub(super) object: Place,
    pub(super) evidence: Vec<String>,
    pub(super) fix: Fix,
}

/// The kind of a waypoint, as a kubectl argument.
const WAYPOINT: &str = "gateway.gateway.networking.k8s.io";

/// Why an entry is not bound to the waypoint that it or its namespace names; none if it is, or if nobody knows.
pub(super) fn unbound(
    entry: &Resource,
    (namespace, name): (&str, &str),
    waypoints: &[Waypoint<'_>],
    labels: &BTreeMap<&str, &BTreeMap<String, String>>,
) -> Option<Unbound> {
    let said = bound(entry);
    if said.is_some_and(|condition| condition.holds) {
        return None;
    }
    let home = entry.id.namespace.as_str();
    let admits = |waypoint: &Waypoint<'_>| waypoint.admits(home, labels.get(home).copied());
    let named = waypoints.iter().find(|waypoint| waypoint.id() == (namespace, name));
    let seen = match named {
        // A file need not hold the waypoint; where it holds others, the name leads nowhere.
        None => (!waypoints.is_empty()).then_some("WaypointIsNotReady"),
        Some(waypoint) if !admits(waypoint) => Some("AttachmentDenied"),
        Some(waypoint) if !waypoint.takes_hosts() => Some("UnsupportedTrafficType"),
        Some(_) => None,
    };
    let reason = said.map(|condition| condition.reason.as_str()).or(seen)?;
    let mut evidence: Vec<String> =
        said.map(|condition| format!("condition {BOUND}: {}", condition.message)).into_iter().collect();
    let holder = LabelHolder::of(entry);
    let mut object = holder.place().field(format!("metadata.labels[{USE}]"), name);
    let fix = match (reason, named) {
        ("AttachmentDenied", waypoint) => {
            evidence.push(format!("{namespace}/{name} admits no hosts of namespace {home}"));
            admit(waypoint, (namespace, name))
        }
        ("UnsupportedTrafficType", Some(waypoint)) => {
            evidence.push(format!("label {TRAFFIC} of {namespace}/{name}: {}", waypoint.traffic()));
            take_hosts(waypoint)
        }
        (_, None) => match elsewhere(name, waypoints, &admits) {
            Some(waypoint) => {
                let (there, _) = waypoint.id();
                let which =
                    if admits(waypoint) { "admits this namespace" } else { "does not admit this namespace" };
                evidence.push(format!("waypoint {there}/{name} exists and {which}"));
                object = Place {
                    field: Some(format!("metadata.labels[{NAMESPACE}]")),
                    value: holder.names_namespace(labels),
                    ..holder.place()
                };
                let label = holder.label(
                    &[(NAMESPACE, there)],
                    "names the namespace of the waypoint; without this label it means one beside the host",
                );
                if admits(waypoint) {
                    label
                } else {
                    let why =
                        "names the namespace of the waypoint, and lets its listener accept hosts of others";
                    fixes::one_after_the_other(label, [admit(Some(waypoint), waypoint.id())], why)
                }
            }
            None => mistyped(holder, (namespace, name), waypoints, &admits, &mut evidence),
        },
        _ => describe((namespace, name)),
    };
    let confidence =
        if said.is_some() || named.is_some() { Confidence::Certain } else { Confidence::Inferred };
    Some(Unbound { reason: reason.to_owned(), is_said: said.is_some(), confidence, object, evidence, fix })
}

/// What has the labels that name a waypoint.
#[derive(Clone, Copy)]
enum LabelHolder<'a> {
    Entry(&'a Resource),
    Namespace(&'a str),
}

impl<'a> LabelHolder<'a> {
    fn of(entry: &'a Resource) -> Self {
        if entry.labels.contains_key(USE) {
            LabelHolder::Entry(entry)
        } else {
            LabelHolder::Namespace(&entry.id.namespace)
        }
    }

    fn place(self) -> Place {
        match self {
            LabelHolder::Entry(entry) => Place::of(&entry.id),
            LabelHolder::Namespace(name) => Place::new("Namespace", None, name),
        }
    }

    /// The namespace that it names for the waypoint.
    fn names_namespace(self, namespaces: &BTreeMap<&str, &BTreeMap<String, String>>) -> Option<String> {
        match self {
            LabelHolder::Entry(entry) => entry.labels.get(NAMESPACE).cloned(),
            LabelHolder::Namespace(name) => namespaces.get(name)?.get(NAMESPACE).cloned(),
        }
    }

    fn label(self, labels: &[(&str, &str)], why: &str) -> Fix {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
        let how = Alteration::Label(labels.collect());
        match self {
            LabelHolder::Entry(entry) => {
                let kind = entry.id.kind.qualified();
                fixes::changed((&kind, &entry.id.name, &entry.id.namespace), how, why)
            }
            LabelHolder::Namespace(name) => fixes::changed(("namespace", name, ""), how, why),
        }
    }
}

/// A waypoint of the same name in another namespace; one that admits the host's namespace if there is one.
fn elsewhere<'a, 'b>(
    name: &str,
    waypoints: &'b [Waypoint<'a>],
    admits: &dyn Fn(&Waypoint<'_>) -> bool,
) -> Option<&'b Waypoint<'a>> {
    let mut same = waypoints.iter().filter(|waypoint| waypoint.id().1 == name && waypoint.takes_hosts());
    let first = same.clone().next();
    same.find(|waypoint| admits(waypoint)).or(first)
}

/// The fix of a name that no waypoint has: the name most like it, else those that there are.
fn mistyped(
    holder: LabelHolder<'_>,
    (namespace, name): (&str, &str),
    waypoints: &[Waypoint<'_>],
    admits: &dyn Fn(&Waypoint<'_>) -> bool,
    evidence: &mut Vec<String>,
) -> Fix {
    let names = |here: bool| {
        let these = waypoints.iter().filter(move |waypoint| !here || waypoint.id().0 == namespace);
        these.map(|waypoint| waypoint.id().1)
    };
    let Some(meant) = did_you_mean(name, names(true)).or_else(|| did_you_mean(name, names(false))) else {
        let known: Vec<String> = waypoints
            .iter()
            .take(5)
            .map(|waypoint| format!("{}/{}", waypoint.id().0, waypoint.id().1))
            .collect();
        if !known.is_empty() {
            evidence.push(format!("waypoints: {}", list(&known)));
        }
        return describe((namespace, name));
    };
    let place = waypoints.iter().find(|waypoint| waypoint.id() == (namespace, meant));
    let found = place.or_else(|| waypoints.iter().find(|waypoint| waypoint.id().1 == meant));
    let there = found.map_or(namespace, |waypoint| waypoint.id().0);
    evidence.push(format!("there is no waypoint {namespace}/{name}; did you mean {there}/{meant}?"));
    let mut labels = vec![(USE, meant)];
    if there != namespace {
        labels.push((NAMESPACE, there));
    }
    let label = holder.label(&labels, "names the waypoint that exists");
    match found.filter(|waypoint| !admits(waypoint)) {
        Some(waypoint) => {
            let why = "names the waypoint that exists, and lets its listener accept hosts of others";
            fixes::one_after_the_other(label, [admit(Some(waypoint), waypoint.id())], why)
        }
        None => label,
    }
}

/// Lets a waypoint's listener accept hosts of other namespaces.
fn admit(waypoint: Option<&Waypoint<'_>>, (namespace, name): (&str, &str)) -> Fix {
    let listener = waypoint.and_then(Waypoint::listener).unwrap_or_default();
    let allow = json!([{
        "op": "add",
        "path": format!("/spec/listeners/{listener}/allowedRoutes"),
        "value": { "namespaces": { "from": "All" } },
    }]);
    fixes::patched(
        (WAYPOINT, name, namespace),
        &allow,
        "lets the waypoint's listener accept hosts of other namespaces",
    )
}

/// Lets a waypoint take calls to hosts, and still those to pods if it did.
fn take_hosts(waypoint: &Waypoint<'_>) -> Fix {
    let (namespace, name) = waypoint.id();
    let traffic = if waypoint.traffic() == "workload" { "all" } else { "service" };
    fixes::label(
        (WAYPOINT, name, namespace),
        (TRAFFIC, Some(traffic)),
        "lets the waypoint take calls to hosts",
    )
}

fn describe((namespace, name): (&str, &str)) -> Fix {
    fixes::fix(
        ShellCommand::new(["kubectl", "describe"]).object(WAYPOINT, name).in_namespace(namespace),
        "shows whether the waypoint exists and is ready",
    )
}
