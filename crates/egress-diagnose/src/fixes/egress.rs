//! Repairs of a whole egress, by the commands of this tool.
//!
//! Knows what `add` needs to be told to write the same egress again. Knows nothing of what is wrong.

use std::collections::BTreeSet;

use egress_core::intent::{GatewayName, Hop, Layout};
use egress_core::inventory::State;
use egress_core::port::Port;
use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::GatewayFacts;

use super::{fix, shell};
use crate::evidence::PodName;
use crate::finding::Fix;
use crate::fleet::{Asked, OtherEgress};
use crate::view::View;
use crate::way::Way;
use crate::words::list;

/// Adds the host, or brings its objects back to what was asked for.
pub(crate) fn add(way: &Way<'_>, why: &str) -> Fix {
    let asked = way.record().map(|record| (&record.intent.gateway, Asked::of(&record.intent)));
    let asked = asked.as_ref().map(|(gateway, asked)| (*gateway, asked));
    let mut words = added(&way.host, way.namespace.as_deref(), &way.ports, asked);
    // What others have changed is theirs, until somebody says otherwise.
    if matches!(&way.state, Some(State::Changed { changes }) if changes.iter().any(|change| !change.managers.is_empty()))
    {
        words.push("--force-conflicts".to_owned());
    }
    of(&words, why)
}

/// Adds a host as another cluster has it.
pub(crate) fn add_as(other: &OtherEgress, why: &str) -> Fix {
    let asked = other.gateway.as_ref().zip(other.asked.as_ref());
    of(&added(&other.host, Some(&other.namespace), &other.ports, asked), why)
}

fn added(
    host: &str,
    namespace: Option<&str>,
    ports: &BTreeSet<Port>,
    asked: Option<(&GatewayName, &Asked)>,
) -> Vec<String> {
    let usual = ports.is_empty() || ports.iter().eq([&Port::HTTP, &Port::TLS]);
    let targets: Vec<String> = if usual {
        vec![host.to_owned()]
    } else {
        ports.iter().map(|port| format!("{host}:{port}")).collect()
    };
    let mut words = vec!["kubectl".to_owned(), "egress".to_owned(), "add".to_owned()];
    words.extend(targets);
    words.extend(in_namespace(namespace));
    if let Some((gateway, Asked { layout, hop, export_to })) = asked {
        let options = [
            (*gateway != GatewayFacts::stock().name, "--gateway", gateway.to_string()),
            (*layout != Layout::Shared, "--layout", layout.to_string()),
            (*hop == Hop::Plain, "--hop", hop.to_string()),
            (*export_to != ["."], "--export-to", export_to.join(",")),
        ];
        let told = options.into_iter().filter(|(unusual, _, _)| *unusual);
        words.extend(told.flat_map(|(_, flag, value)| [flag.to_owned(), value]));
    }
    words
}

/// Adds the host for another namespace.
pub(crate) fn add_for(host: &str, namespace: Option<&str>, why: &str) -> Fix {
    let mut words: Vec<String> = ["kubectl", "egress", "add", host].map(str::to_owned).into();
    words.extend(in_namespace(namespace));
    of(&words, why)
}

/// Removes the host.
pub(crate) fn remove(way: &Way<'_>, why: &str) -> Fix {
    let mut words: Vec<String> = ["kubectl", "egress", "remove", &way.host].map(str::to_owned).into();
    words.extend(in_namespace(way.namespace.as_deref()));
    of(&words, why)
}

/// Puts the egress in order. What others made by hand stands in the way of `add`, so that it goes first.
pub(crate) fn put_right(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts, why: &str) -> Fix {
    let Some(egress) = way.egress.filter(|egress| egress.layout.is_none()) else { return add(way, why) };
    let parts = egress.parts.iter().filter_map(|part| view.index().objects().find(&part.resource.id));
    let service = view.service_host(gateway);
    let here = |resource: &&Resource| resource.id.namespace == egress.namespace;
    let rules = view.destination_rules().filter(here).filter(|rule| {
        rule.destination_rule().is_some_and(|spec| view.full_host(&spec.host, &egress.namespace) == service)
    });
    let servers = view.gateway_objects().filter(here).filter(|object| hosts(object) == [&way.host]);
    let mut gone: Vec<&Resource> = parts.filter(here).chain(rules).chain(servers).collect();
    gone.sort_by_key(|resource| &resource.id);
    gone.dedup_by_key(|resource| &resource.id);
    let name = |resource: &&Resource| format!("{}/{}", resource.id.kind.qualified(), resource.id.name);
    let names: Vec<String> = gone.iter().map(name).collect();
    let mut words = vec!["kubectl", "delete"];
    words.extend(names.iter().map(String::as_str));
    words.extend(["-n", &egress.namespace]);
    let shared: Vec<String> = gone.iter().filter(|resource| hosts(resource).len() > 1).map(name).collect();
    let others = match shared.as_slice() {
        [] => String::new(),
        shared => format!("; first see to the other hosts of {}", list(shared)),
    };
    Fix {
        command: format!("{} && {}", shell(&words), add(way, why).command),
        why: format!("{why}; calls are refused or leave directly in between{others}"),
    }
}

/// Gets an Envoy what the objects say. Where objects were changed by hand, that comes first.
pub(crate) fn of_proxy(way: &Way<'_>, pod: &PodName) -> Fix {
    if matches!(way.state, Some(State::Changed { .. })) {
        return add(way, "writes the objects as they were asked for; the Envoy follows them");
    }
    fix(
        &["istioctl", "proxy-status", &format!("{}.{}", pod.name, pod.namespace)],
        "shows what istiod sent and what Envoy took; istiod's log names what it dropped",
    )
}

fn of(words: &[String], why: &str) -> Fix {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    fix(&words, why)
}

fn in_namespace(namespace: Option<&str>) -> impl Iterator<Item = String> {
    namespace.into_iter().flat_map(|namespace| ["-n".to_owned(), namespace.to_owned()])
}

/// The hosts outside the mesh that an object names.
fn hosts(resource: &Resource) -> Vec<&String> {
    match &resource.spec {
        Spec::ServiceEntry(spec) => spec.hosts.iter().collect(),
        Spec::VirtualService(spec) => spec.hosts.iter().flatten().collect(),
        Spec::Gateway(spec) => spec.servers.iter().flatten().flat_map(|server| &server.hosts).collect(),
        Spec::DestinationRule(_) | Spec::Sidecar(_) => Vec::new(),
    }
}
