//! Commands for fixes, so that the same fix always has the same command.
//!
//! Every command is a [`ShellCommand`], safe to paste into a shell, since its words may come from untrusted objects.

use egress_core::command::{ShellCommand, Word};
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::DefaultExportTo;
use egress_istio::destination_rule::{DestinationRuleSpec, DestinationRuleSubsets};
use serde_json::{Value, json};

use crate::facts::PodName;
use crate::finding::{Alteration, Candidates, Fix, ObjectChange};
use crate::view::View;
use crate::wording::export_to;

pub(crate) mod cause_words;
pub(crate) mod detour;
mod egress;
mod gateway_name;
mod hop;
mod network;
mod origination;
mod server_namespace;
mod servers;
mod workloads;

pub(crate) use egress::{add, add_as, add_for, of_pod, of_proxy, put_right, remove};
pub(crate) use gateway_name::bind_to;
pub(crate) use hop::{end_mesh_mtls, speak_mesh_mtls, speak_plaintext};
pub(crate) use network::{keep_inside, narrow};
pub(crate) use origination::{open_tls, open_tls_on_the_port_of_http};
pub(crate) use servers::{join, move_away, split_off, take_away};
pub(crate) use workloads::{relabel, restart, template};

/// Replaces a part of a spec.
pub(crate) fn merge(id: &ObjectId, spec: &Value, why: &str) -> Fix {
    merged((&id.kind.qualified(), &id.name, &id.namespace), &json!({ "spec": spec }), why)
}

/// Changes one place of an object.
pub(crate) fn patch(id: &ObjectId, operation: &Value, why: &str) -> Fix {
    patch_all(id, std::slice::from_ref(operation), why)
}

/// Changes several places of an object.
pub(crate) fn patch_all(id: &ObjectId, operations: &[Value], why: &str) -> Fix {
    patched((&id.kind.qualified(), &id.name, &id.namespace), &json!(operations), why)
}

/// Sets a field, named as findings name it: `spec.servers[0].tls`.
pub(crate) fn set(id: &ObjectId, field: &str, value: &Value, why: &str) -> Fix {
    // In an array, `add` inserts instead of replacing.
    let op = if field.ends_with(']') { "replace" } else { "add" };
    patch(id, &json!({ "op": op, "path": pointer(field), "value": value }), why)
}

/// Removes a field, named as findings name it.
pub(crate) fn leave_out(id: &ObjectId, field: &str, why: &str) -> Fix {
    patch(id, &json!({ "op": "remove", "path": pointer(field) }), why)
}

/// Combines several fixes into one.
pub(crate) fn one_after_the_other(first: Fix, others: impl IntoIterator<Item = Fix>, why: &str) -> Fix {
    others.into_iter().fold(Fix { why: why.to_owned(), ..first }, |all, next| Fix {
        command: all.command.and_then(next.command),
        changes: all.changes.zip(next.changes).map(|(all, next)| all.into_iter().chain(next).collect()),
        ..all
    })
}

/// Copies a Secret to another namespace.
pub(crate) fn copy_secret(name: &str, from: &str, to: &str, why: &str) -> Fix {
    let read = ShellCommand::show("secret", name, from);
    // Drop the fields that the API server set on the original.
    let script = Word::from("/ (uid|resourceVersion|creationTimestamp): /d; s/  namespace: .*/  namespace: ");
    let script = script.and(Word::namespace(to)).and("/");
    let change = ShellCommand::new(["sed", "-E"]).word(script);
    fix(read.into_command(change).into_command(ShellCommand::new(["kubectl", "apply", "-f", "-"])), why)
}

/// Exports an object to one more namespace. One that has no `exportTo` is not seen there by what the mesh says.
pub(crate) fn export(view: &View<'_>, resource: &Resource, namespace: &str, why: &str) -> Fix {
    let id = &resource.id;
    let DefaultExportTo { services, virtual_services, destination_rules, .. } =
        &view.index().snapshot().mesh.default_export_to;
    if [services, virtual_services, destination_rules].iter().any(|words| !words.is_empty()) {
        let mut words = export_to(resource);
        words.push(namespace.to_owned());
        return merge(id, &json!({ "exportTo": words }), why);
    }
    export_more(id, namespace, why)
}

/// Exports an object to several more namespaces.
pub(crate) fn export_to_all(view: &View<'_>, resource: &Resource, namespaces: &[String], why: &str) -> Fix {
    if let [only] = namespaces {
        return export(view, resource, only, why);
    }
    let words: Vec<String> = export_to(resource).into_iter().chain(namespaces.iter().cloned()).collect();
    merge(&resource.id, &json!({ "exportTo": words }), why)
}

fn export_more(id: &ObjectId, namespace: &str, why: &str) -> Fix {
    patch(id, &json!({ "op": "add", "path": "/spec/exportTo/-", "value": namespace }), why)
}

/// Deletes an object.
pub(crate) fn delete(resource: &Resource, why: &str) -> Fix {
    let ObjectId { kind, namespace, name } = &resource.id;
    changed((&kind.qualified(), name, namespace), Alteration::Delete, why)
}

/// Writes a DestinationRule into a namespace: a copy of an existing rule, or a new one with only this subset.
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

/// Adds a subset to a DestinationRule: that of another rule, or a new one of this name.
pub(crate) fn add_subset(rule: &Resource, holder: Option<&Resource>, name: &str, why: &str) -> Fix {
    let subsets = |rule: &Resource| rule.destination_rule().and_then(|spec| spec.subsets.clone());
    let known = holder.and_then(subsets).into_iter().flatten().find(|subset| subset.name == name);
    let subset = known.map_or_else(|| json!({ "name": name }), |subset| json!(subset));
    let operation = match subsets(rule) {
        Some(_) => json!({ "op": "add", "path": "/spec/subsets/-", "value": subset }),
        None => json!({ "op": "add", "path": "/spec/subsets", "value": [subset] }),
    };
    patch(&rule.id, &operation, why)
}

/// Writes an object.
pub(crate) fn apply(manifest: &Value, why: &str) -> Fix {
    Fix::of(vec![ObjectChange::write(manifest.clone())], why)
}

/// Tries a connection from a gateway's pod.
pub(crate) fn try_connection(pod: &PodName, host: &str, port: u16, why: &str) -> Fix {
    let target = Word::from("telnet://").and(Word::host(host)).and(":").and(Word::number(port));
    fix(curl_at_gateway(pod, target), why)
}

/// Requests a URL from a gateway's pod.
pub(crate) fn curl_at_gateway(pod: &PodName, url: Word) -> ShellCommand {
    let exec = ShellCommand::new(["kubectl", "exec"]).object("pod", &pod.name).in_namespace(&pod.namespace);
    let curl = ["-c", "istio-proxy", "--", "curl", "-sv", "-o", "/dev/null", "--connect-timeout", "5"];
    exec.words(curl).word(url)
}

/// A command that changes no objects, or that nobody can try in memory, and what it does.
pub(crate) fn fix(command: ShellCommand, why: &str) -> Fix {
    Fix { command, why: why.to_owned(), changes: None, candidates: Candidates::default() }
}

/// Changes an object, given by kind, name and namespace.
pub(crate) fn changed(object: (&str, &str, &str), how: Alteration, why: &str) -> Fix {
    Fix::of(vec![ObjectChange::new(object, how)], why)
}

/// Changes an object by a JSON patch.
pub(crate) fn patched(object: (&str, &str, &str), operations: &Value, why: &str) -> Fix {
    changed(object, Alteration::JsonPatch(operations.clone()), why)
}

/// Changes an object by a merge patch.
pub(crate) fn merged(object: (&str, &str, &str), patch: &Value, why: &str) -> Fix {
    changed(object, Alteration::MergePatch(patch.clone()), why)
}

/// Sets a label of an object.
pub(crate) fn label(object: (&str, &str, &str), (key, value): (&str, Option<&str>), why: &str) -> Fix {
    let change = (key.to_owned(), value.map(str::to_owned));
    changed(object, Alteration::Label(vec![change]), why)
}

/// The pointer of a field, named as findings name it.
pub(crate) fn pointer(field: &str) -> String {
    format!("/{}", field.replace(['.', '['], "/").replace(']', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ObjectId {
        ObjectId { kind: Kind::ServiceEntry, namespace: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn what_others_wrote_cannot_become_a_command() {
        let hostile = "x'; touch owned; echo \"$(id)\" `id` \0'";
        let fix = export_more(&id("cnn"), hostile, "why");
        let words = shlex::split(fix.command.as_text().unwrap()).unwrap();
        assert_eq!(words.len(), 9, "{words:?}");
        let patch: Value = serde_json::from_str(&words[8]).unwrap();
        assert_eq!(patch[0]["value"], hostile);
    }

    #[test]
    fn an_object_called_like_a_flag_is_in_no_command() {
        for hostile in ["--all", "a;id", "a b", "-A", ""] {
            assert_eq!(export_more(&id(hostile), "x", "why").command.as_text(), None, "{hostile}");
            assert_eq!(copy_secret("s", "shop", hostile, "why").command.as_text(), None, "{hostile}");
        }
    }
}
