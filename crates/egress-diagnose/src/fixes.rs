//! Commands that repair, so that the same repair is always typed in the same way.
//!
//! Every command can be pasted into a shell. What stands in it may come from objects that anybody wrote, so that every
//! word is quoted.

use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_istio::destination_rule::{DestinationRuleSpec, DestinationRuleSubsets};
use serde_json::{Value, json};

use crate::evidence::PodName;
use crate::finding::Fix;

mod egress;
mod hop;
mod network;
mod origination;
mod servers;
mod workloads;

pub(crate) use egress::{add, add_as, add_for, of_proxy, put_right, remove};
pub(crate) use hop::{end_mesh_mtls, speak_mesh_mtls, speak_plaintext};
pub(crate) use network::{keep_inside, narrow};
pub(crate) use origination::{open_tls, open_tls_on_the_port_of_http};
pub(crate) use servers::{join, move_away, split_off, take_away};
pub(crate) use workloads::{relabel, restart, template};

/// Replaces a part of a spec.
pub(crate) fn merge(id: &ObjectId, spec: &Value, why: &str) -> Fix {
    patched(id, "merge", &json!({ "spec": spec }), why)
}

/// Changes one place of an object.
pub(crate) fn patch(id: &ObjectId, operation: &Value, why: &str) -> Fix {
    patched(id, "json", &json!([operation]), why)
}

/// Sets a field, named as findings name it: `spec.servers[0].tls`.
pub(crate) fn set(id: &ObjectId, field: &str, value: &Value, why: &str) -> Fix {
    // To add to a place of an array is to insert there.
    let op = if field.ends_with(']') { "replace" } else { "add" };
    patch(id, &json!({ "op": op, "path": pointer(field), "value": value }), why)
}

/// Leaves a field out, named as findings name it.
pub(crate) fn leave_out(id: &ObjectId, field: &str, why: &str) -> Fix {
    patch(id, &json!({ "op": "remove", "path": pointer(field) }), why)
}

/// Several repairs that are one together.
pub(crate) fn one_after_the_other(all: impl IntoIterator<Item = Fix>, why: &str) -> Fix {
    let commands: Vec<String> = all.into_iter().map(|fix| fix.command).collect();
    Fix { command: commands.join(" && "), why: why.to_owned() }
}

/// Copies a Secret to another namespace.
pub(crate) fn copy_secret(name: &str, from: &str, to: &str, why: &str) -> Fix {
    let read = shell(&["kubectl", "get", "secret", name, "-n", from, "-o", "yaml"]);
    // What the API server wrote into it belongs to the other one.
    let script =
        format!("/ (uid|resourceVersion|creationTimestamp): /d; s/  namespace: .*/  namespace: {to}/");
    let change = shell(&["sed", "-E", &script]);
    Fix { command: format!("{read} | {change} | kubectl apply -f -"), why: why.to_owned() }
}

/// Exports an object that has an `exportTo` to one more namespace.
pub(crate) fn export(id: &ObjectId, namespace: &str, why: &str) -> Fix {
    patch(id, &json!({ "op": "add", "path": "/spec/exportTo/-", "value": namespace }), why)
}

/// Deletes an object.
pub(crate) fn delete(resource: &Resource, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = &resource.id;
    fix(&["kubectl", "delete", &kind.qualified(), name, "-n", namespace], why)
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
    apply(&manifest, why)
}

/// Writes an object.
pub(crate) fn apply(manifest: &Value, why: &str) -> Fix {
    let command = format!("{} | kubectl apply -f -", shell(&["echo", &manifest.to_string()]));
    Fix { command, why: why.to_owned() }
}

/// Tries a connection as a gateway's pod sees the world.
pub(crate) fn try_connection(pod: &PodName, host: &str, port: u16, why: &str) -> Fix {
    let target = format!("telnet://{host}:{port}");
    let words = [
        "kubectl",
        "exec",
        &pod.name,
        "-n",
        &pod.namespace,
        "-c",
        "istio-proxy",
        "--",
        "curl",
        "-sv",
        "-o",
        "/dev/null",
        "--connect-timeout",
        "5",
        &target,
    ];
    fix(&words, why)
}

/// A command of these words.
pub(crate) fn fix(words: &[&str], why: &str) -> Fix {
    Fix { command: shell(words), why: why.to_owned() }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace(['.', '['], "/").replace(']', ""))
}

fn patched(id: &ObjectId, kind_of_patch: &str, patch: &Value, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = id;
    let patch = patch.to_string();
    fix(
        &[
            "kubectl",
            "patch",
            &kind.qualified(),
            name,
            "-n",
            namespace,
            "--type",
            kind_of_patch,
            "-p",
            &patch,
        ],
        why,
    )
}

/// The words as a shell reads them back. NUL, which no shell can hold, is left out.
fn shell(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| word.replace('\0', "")).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_become_a_command() {
        let id = ObjectId { kind: Kind::ServiceEntry, namespace: "shop".to_owned(), name: "cnn".to_owned() };
        let hostile = "x'; touch owned; echo \"$(id)\" `id` \0'";
        let fix = export(&id, hostile, "why");
        let words = shlex::split(&fix.command).unwrap();
        assert_eq!(words.len(), 10, "{words:?}");
        let patch: Value = serde_json::from_str(&words[9]).unwrap();
        assert_eq!(patch[0]["value"], hostile);
    }
}
