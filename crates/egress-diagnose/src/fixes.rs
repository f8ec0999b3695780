//! Commands that repair, so that the same repair is always typed in the same way.
//!
//! Every command is complete: it can be pasted into a shell.

use egress_core::intent::{Hop, Intent, Layout};
use egress_core::port::Port;
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::GatewayFacts;

use crate::finding::Fix;
use crate::way::Way;

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
