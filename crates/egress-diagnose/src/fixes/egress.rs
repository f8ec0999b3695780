//! Fixes of a whole egress, with the commands of this tool.
//!
//! Knows the flags by which `add` writes the same egress again. Does not know which faults they fix.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::intent::{GatewayName, GatewayTls, Layout};
use egress_core::inventory::State;
use egress_core::port::Port;
use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::GatewayFacts;

use super::fix;
use crate::facts::{EgressOptions, OtherEgress, PodName};
use crate::finding::{Candidates, Fix};
use crate::path::EgressPath;
use crate::view::View;
use crate::wording::list;

/// Adds the host, or restores its objects from their record.
pub(crate) fn add(path: &EgressPath<'_>, why: &str) -> Fix {
    let asked = path.record().map(|record| (&record.intent.gateway, EgressOptions::of(&record.intent)));
    let asked = asked.as_ref().map(|(gateway, asked)| (*gateway, asked));
    let mut command = added(&path.host, path.namespace.as_deref(), &path.ports, asked);
    // Fields that another field manager changed are not overwritten without `--force-conflicts`.
    if matches!(&path.state, Some(State::Changed { changes }) if changes.iter().any(|change| !change.managers.is_empty()))
    {
        command = command.word("--force-conflicts");
    }
    fix(command, why)
}

/// Adds a host as another cluster has it.
pub(crate) fn add_as(other: &OtherEgress, why: &str) -> Fix {
    let asked = other.gateway.as_ref().zip(other.asked.as_ref());
    fix(added(&other.host, Some(&other.namespace), &other.ports, asked), why)
}

fn added(
    host: &str,
    namespace: Option<&str>,
    ports: &BTreeSet<Port>,
    asked: Option<(&GatewayName, &EgressOptions)>,
) -> ShellCommand {
    let usual = ports.is_empty() || ports.iter().eq([&Port::HTTP, &Port::TLS]);
    let with_port = |port: &Port| {
        let target = Word::host(host).and(":").and(Word::number(port.number)).and("/");
        target.and(port.protocol.word())
    };
    let targets: Vec<Word> =
        if usual { vec![Word::host(host)] } else { ports.iter().map(with_port).collect() };
    let mut command = ShellCommand::new(["kubectl", "egress", "add"]).each(targets);
    command = command.in_namespace(namespace.unwrap_or_default());
    if let Some((gateway, EgressOptions { layout, hop, export_to })) = asked {
        if *gateway != GatewayFacts::stock().name {
            let name = Word::namespace(&gateway.namespace).and("/").and(Word::namespace(&gateway.service));
            command = command.word("--gateway").word(name);
        }
        if *layout != Layout::default() {
            command = command.words(["--layout", layout.word()]);
        }
        if *hop == GatewayTls::Plain {
            command = command.words(["--hop", hop.word()]);
        }
        if *export_to != ["."] {
            command = command.word("--export-to").word(exported(export_to));
        }
    }
    command
}

/// `.`, `*` and namespaces, as `--export-to` takes them.
fn exported(to: &[String]) -> Word {
    to.iter().enumerate().fold(Word::from(""), |all, (place, word)| {
        let separator = if place == 0 { "" } else { "," };
        all.and(separator).and(match word.as_str() {
            "." => Word::from("."),
            "*" => Word::from("*"),
            "~" => Word::from("~"),
            namespace => Word::namespace(namespace),
        })
    })
}

/// Adds the host for another namespace.
pub(crate) fn add_for(host: &str, namespace: Option<&str>, why: &str) -> Fix {
    fix(added(host, namespace, &BTreeSet::new(), None), why)
}

/// Removes the host.
pub(crate) fn remove(path: &EgressPath<'_>, why: &str) -> Fix {
    let command = ShellCommand::new(["kubectl", "egress", "remove"]).word(Word::host(&path.host));
    fix(command.in_namespace(path.namespace.as_deref().unwrap_or_default()), why)
}

/// Writes the egress again. Deletes hand-made objects first, since `add` refuses while they exist.
pub(crate) fn put_right(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts, why: &str) -> Fix {
    let Some(egress) = path.egress.filter(|egress| egress.layout.is_none()) else { return add(path, why) };
    let parts = egress.parts.iter().filter_map(|part| view.index().find(&part.resource.id));
    let service = view.service_host(gateway);
    let here = |resource: &&Resource| resource.id.namespace == egress.namespace;
    let rules = view.destination_rules().filter(here).filter(|rule| {
        rule.destination_rule().is_some_and(|spec| view.full_host(&spec.host, &egress.namespace) == service)
    });
    let servers = view.gateway_objects().filter(here).filter(|object| hosts(object) == [&path.host]);
    let mut gone: Vec<&Resource> = parts.filter(here).chain(rules).chain(servers).collect();
    gone.sort_by_key(|resource| &resource.id);
    gone.dedup_by_key(|resource| &resource.id);
    let name = |resource: &&Resource| format!("{}/{}", resource.id.kind.qualified(), resource.id.name);
    let names = gone.iter().map(|resource| Word::object(&resource.id.kind.qualified(), &resource.id.name));
    let delete = ShellCommand::new(["kubectl", "delete"]).each(names).in_namespace(&egress.namespace);
    let shared: Vec<String> = gone.iter().filter(|resource| hosts(resource).len() > 1).map(name).collect();
    let others = match shared.as_slice() {
        [] => String::new(),
        shared => format!("; first handle the other hosts of {}", list(shared)),
    };
    Fix {
        command: delete.and_then(add(path, why).command),
        why: format!("{why}; meanwhile calls are refused or leave directly{others}"),
        changes: None,
        candidates: Candidates::default(),
    }
}

/// Makes an Envoy get its configuration again; first restores objects that were changed by hand.
pub(crate) fn of_proxy(path: &EgressPath<'_>, pod: &PodName) -> Fix {
    if matches!(path.state, Some(State::Changed { .. })) {
        return add(path, "restores the recorded objects; Envoy follows them");
    }
    fix(
        ShellCommand::new(["istioctl", "proxy-status"]).word(of_pod(pod)),
        "shows what istiod sent and what Envoy accepted; istiod's log names what it dropped",
    )
}

/// A pod as istioctl names it: `NAME.NAMESPACE`.
pub(crate) fn of_pod(pod: &PodName) -> Word {
    Word::name(&pod.name).and(".").and(Word::namespace(&pod.namespace))
}

/// The hosts outside the mesh that an object names.
fn hosts(resource: &Resource) -> Vec<&String> {
    match &resource.spec {
        Spec::ServiceEntry(spec) => spec.hosts.iter().collect(),
        Spec::VirtualService(spec) => spec.hosts.iter().flatten().collect(),
        Spec::Gateway(spec) => spec.servers.iter().flatten().flat_map(|server| &server.hosts).collect(),
        Spec::DestinationRule(_) | Spec::Sidecar(_) | Spec::Untyped(_) => Vec::new(),
    }
}
