//! Fixes of workloads.
//!
//! Knows which workloads recreate pods from a template, and that a pod without an owner must be replaced. For other
//! workloads the command shows the object, and the text says what to do.

use egress_core::command::{ShellCommand, Word};
use serde_json::{Map, Value, json};

use super::{fix, merged};
use crate::finding::Fix;
use crate::kubernetes::workload::PodOwner;
use crate::wording::list;

/// Labels or annotations: the new value of each key, or none to remove it.
pub(crate) type Changes<'a> = [(&'a str, Option<&'a str>)];

/// Changes the template of a workload's pods; Kubernetes replaces them.
pub(crate) fn template(namespace: &str, workload: &PodOwner, change: &Value, why: &str) -> Fix {
    if !workload.has_template() {
        let why = format!("change the source of this pod and recreate it: {why}");
        return fix(ShellCommand::show(&workload.kind(), &workload.name, namespace), &why);
    }
    let patch = json!({ "spec": { "template": change } });
    merged((&workload.kind(), &workload.name, namespace), &patch, why)
}

/// Changes labels and annotations of a workload's pods, which recreates them.
pub(crate) fn relabel(
    (namespace, workload): (&str, &PodOwner),
    labels: &Changes<'_>,
    annotations: &Changes<'_>,
    why: &str,
) -> Fix {
    if workload.kind != "Pod" {
        let mut metadata = Map::new();
        for (key, changes) in [("labels", labels), ("annotations", annotations)] {
            if !changes.is_empty() {
                let values = changes.iter().map(|(key, value)| ((*key).to_owned(), json!(value)));
                metadata.insert(key.to_owned(), Value::Object(values.collect()));
            }
        }
        return template(namespace, workload, &json!({ "metadata": metadata }), why);
    }
    let change = |verb: &'static str, changes: &Changes<'_>| {
        let changes = changes.iter().map(|(key, value)| match value {
            None => Word::key(key).and("-"),
            Some(value) => Word::key(key).and("=").and(Word::value(value)),
        });
        let command = ShellCommand::new(["kubectl", verb]).word(named(workload)).in_namespace(namespace);
        command.word("--overwrite").each(changes)
    };
    let steps = [("label", labels), ("annotate", annotations)].into_iter();
    let steps = steps.filter(|(_, changes)| !changes.is_empty()).map(|(verb, changes)| change(verb, changes));
    fix(in_turn(steps.chain([replace(namespace, workload)])), why)
}

/// Recreates the pods, so that webhooks see them again.
pub(crate) fn restart(namespace: &str, workloads: &[&PodOwner], why: &str) -> Fix {
    let (templates, others): (Vec<&PodOwner>, Vec<&PodOwner>) =
        workloads.iter().copied().partition(|workload| workload.has_template());
    let (pods, rest): (Vec<&PodOwner>, Vec<&PodOwner>) =
        others.into_iter().partition(|workload| workload.kind == "Pod");
    let restarted = (!templates.is_empty()).then(|| {
        let restart = ShellCommand::new(["kubectl", "rollout", "restart"]).in_namespace(namespace);
        restart.each(templates.iter().copied().map(named))
    });
    let replaced: Vec<ShellCommand> = pods.into_iter().map(|pod| replace(namespace, pod)).collect();
    let nothing = restarted.is_none() && replaced.is_empty();
    let shown = nothing.then(|| ShellCommand::new(["kubectl", "get", "pods"]).in_namespace(namespace));
    let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
    let why = match rest.as_slice() {
        [] => why.to_owned(),
        rest => format!("{why}; pods of {} change with their next run", list(rest)),
    };
    fix(in_turn(restarted.into_iter().chain(replaced).chain(shown)), &why)
}

/// A pod without an owner is read, deleted and created again.
fn replace(namespace: &str, pod: &PodOwner) -> ShellCommand {
    let read = ShellCommand::show(&pod.kind(), &pod.name, namespace);
    read.into_command(ShellCommand::new(["kubectl", "replace", "--force", "-f", "-"]))
}

fn named(workload: &PodOwner) -> Word {
    Word::object(&workload.kind(), &workload.name)
}

/// One after the other, each only if the one before succeeded.
fn in_turn(commands: impl Iterator<Item = ShellCommand>) -> ShellCommand {
    commands.reduce(ShellCommand::and_then).unwrap_or_else(|| ShellCommand::new([]))
}
