//! Commands that repair, so that the same repair is always typed in the same way.
//!
//! Every command is complete: it can be pasted into a shell.

use egress_core::intent::{Hop, Intent, Layout};
use egress_core::inventory::State;
use egress_core::port::Port;
use egress_core::resource::{ObjectId, Resource, Spec};
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_istio::destination_rule::{DestinationRuleSpec, DestinationRuleSubsets};
use serde_json::json;

use crate::evidence::PodName;
use crate::finding::Fix;
use crate::view::View;
use crate::way::Way;
use crate::words::list;

/// Adds the host, or brings its objects back to what was asked for.
pub(crate) fn add(way: &Way<'_>, why: &str) -> Fix {
    let mut command = "kubectl egress add".to_owned();
    let ports = &way.ports;
    let usual = ports.is_empty() || ports.iter().eq([&Port::HTTP, &Port::TLS]);
    if usual {
        command = format!("{command} {}", way.host);
    } else {
        for port in ports {
            command = format!("{command} {}:{port}", way.host);
        }
    }
    if let Some(namespace) = &way.namespace {
        command = format!("{command} -n {namespace}");
    }
    if let Some(Intent { gateway, layout, hop, export_to, .. }) = way.record().map(|record| &record.intent) {
        if *gateway != GatewayFacts::stock().name {
            command = format!("{command} --gateway {gateway}");
        }
        if *layout != Layout::Shared {
            command = format!("{command} --layout {layout}");
        }
        if *hop == Hop::Plain {
            command = format!("{command} --hop {hop}");
        }
        if *export_to != ["."] {
            command = format!("{command} --export-to '{}'", export_to.join(","));
        }
    }
    Fix { command, why: why.to_owned() }
}

/// Puts the egress in order. What others made by hand stands in the way of `add`, so that it goes first.
pub(crate) fn put_right(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts, why: &str) -> Fix {
    let Some(egress) = way.egress.filter(|egress| egress.layout.is_none()) else { return add(way, why) };
    let service = view.service_host(gateway);
    let here = |resource: &&Resource| resource.id.namespace == egress.namespace;
    let rules = view.destination_rules().filter(here).filter(|rule| {
        rule.destination_rule().is_some_and(|spec| view.full_host(&spec.host, &egress.namespace) == service)
    });
    let servers = view.gateway_objects().filter(here).filter(|object| hosts(object) == [&way.host]);
    let parts = egress.parts.iter().map(|part| &part.resource).filter(here);
    let mut gone: Vec<&Resource> = parts.chain(rules).chain(servers).collect();
    gone.sort_by_key(|resource| &resource.id);
    gone.dedup_by_key(|resource| &resource.id);
    let names = |resource: &&Resource| format!("{}/{}", resource.id.kind.qualified(), resource.id.name);
    let all: Vec<String> = gone.iter().map(names).collect();
    let shared: Vec<String> = gone.iter().filter(|resource| hosts(resource).len() > 1).map(names).collect();
    let Fix { command, .. } = add(way, why);
    let others = match shared.as_slice() {
        [] => String::new(),
        shared => format!("; first see to the other hosts of {}", list(shared)),
    };
    Fix {
        command: format!("kubectl delete {} -n {} && {command}", all.join(" "), egress.namespace),
        why: format!("{why}; calls are refused or leave directly in between{others}"),
    }
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

/// Writes a DestinationRule into a namespace: a copy of one that lies elsewhere, or one with this subset alone.
pub(crate) fn write_rule(
    holder: Option<&Resource>,
    (host, subset): (&str, &str),
    namespace: &str,
    why: &str,
) -> Fix {
    let spec = match holder.and_then(|rule| rule.destination_rule()) {
        Some(spec) => DestinationRuleSpec { export_to: None, host: host.to_owned(), ..spec.clone() },
        None => DestinationRuleSpec {
            host: host.to_owned(),
            subsets: Some(vec![DestinationRuleSubsets { name: subset.to_owned(), ..Default::default() }]),
            ..Default::default()
        },
    };
    let name = holder.map_or(subset, |rule| rule.id.name.as_str());
    let manifest = json!({
        "apiVersion": format!("{}/v1", Kind::GROUP),
        "kind": "DestinationRule",
        "metadata": { "name": name, "namespace": namespace },
        "spec": spec,
    });
    let quoted = manifest.to_string().replace('\'', "'\\''");
    Fix { command: format!("echo '{quoted}' | kubectl apply -f -"), why: why.to_owned() }
}

/// Gets an Envoy what the objects say. Where objects were changed by hand, that comes first.
pub(crate) fn of_proxy(way: &Way<'_>, pod: &PodName) -> Fix {
    if matches!(way.state, Some(State::Changed { .. })) {
        return add(way, "writes the objects as they were asked for; the Envoy follows them");
    }
    Fix {
        command: format!("istioctl proxy-status {}.{}", pod.name, pod.namespace),
        why: "shows what istiod sent and what Envoy took; istiod's log names what it dropped".to_owned(),
    }
}

/// Removes the host.
pub(crate) fn remove(way: &Way<'_>, why: &str) -> Fix {
    let namespace = way.namespace.as_ref().map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
    Fix { command: format!("kubectl egress remove {}{namespace}", way.host), why: why.to_owned() }
}

/// Adds the host for another namespace.
pub(crate) fn add_for(host: &str, namespace: Option<&str>, why: &str) -> Fix {
    let namespace = namespace.map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
    Fix { command: format!("kubectl egress add {host}{namespace}"), why: why.to_owned() }
}

/// Replaces a part of a spec. `spec` is JSON without single quotes.
pub(crate) fn merge(id: &ObjectId, spec: &str, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = id;
    let command = format!(
        "kubectl patch {} {name} -n {namespace} --type=merge -p '{{\"spec\":{spec}}}'",
        kind.qualified()
    );
    Fix { command, why: why.to_owned() }
}

/// Changes one place of an object. `operation` is JSON without single quotes.
pub(crate) fn patch(id: &ObjectId, operation: &str, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = id;
    let command =
        format!("kubectl patch {} {name} -n {namespace} --type=json -p '[{operation}]'", kind.qualified());
    Fix { command, why: why.to_owned() }
}

/// Deletes an object.
pub(crate) fn delete(resource: &Resource, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = &resource.id;
    Fix { command: format!("kubectl delete {} {name} -n {namespace}", kind.qualified()), why: why.to_owned() }
}
