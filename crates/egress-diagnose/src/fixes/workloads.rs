//! Repairs of what runs pods.
//!
//! Knows which workloads make pods anew from a template, and that a pod which nobody made must be replaced. For the others
//! the command shows them, and says what to do.

use serde_json::{Map, Value, json};

use super::{fix, shell};
use crate::finding::Fix;
use crate::pods::Workload;
use crate::words::list;

/// Labels or annotations: the new value of each key, or none to take it away.
pub(crate) type Changes<'a> = [(&'a str, Option<&'a str>)];

/// Changes the template of a workload's pods; Kubernetes replaces them.
pub(crate) fn template(namespace: &str, workload: &Workload, change: &Value, why: &str) -> Fix {
    if !workload.has_template() {
        let why = format!("{why}, once what makes this pod was changed and the pod was made anew");
        return fix(&["kubectl", "get", &workload.to_string(), "-n", namespace, "-o", "yaml"], &why);
    }
    let patch = json!({ "spec": { "template": change } }).to_string();
    fix(&["kubectl", "patch", &workload.to_string(), "-n", namespace, "--type", "merge", "-p", &patch], why)
}

/// Changes labels and annotations of a workload's pods, which are made anew.
pub(crate) fn relabel(
    (namespace, workload): (&str, &Workload),
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
    let change = |(verb, changes): (&str, &Changes<'_>)| {
        let changes: Vec<String> = changes
            .iter()
            .map(|(key, value)| value.map_or_else(|| format!("{key}-"), |value| format!("{key}={value}")))
            .collect();
        let pod = workload.to_string();
        let mut words = vec!["kubectl", verb, &pod, "-n", namespace, "--overwrite"];
        words.extend(changes.iter().map(String::as_str));
        (!changes.is_empty()).then(|| shell(&words))
    };
    let steps = [("label", labels), ("annotate", annotations)].into_iter().filter_map(change);
    let commands: Vec<String> = steps.chain([replace(namespace, workload)]).collect();
    Fix { command: commands.join(" && "), why: why.to_owned() }
}

/// Makes the pods anew, so that webhooks see them again.
pub(crate) fn restart(namespace: &str, workloads: &[&Workload], why: &str) -> Fix {
    let (templates, others): (Vec<&Workload>, Vec<&Workload>) =
        workloads.iter().copied().partition(|workload| workload.has_template());
    let (pods, rest): (Vec<&Workload>, Vec<&Workload>) =
        others.into_iter().partition(|workload| workload.kind == "Pod");
    let mut commands: Vec<String> = pods.into_iter().map(|pod| replace(namespace, pod)).collect();
    if !templates.is_empty() {
        let names: Vec<String> = templates.iter().map(ToString::to_string).collect();
        let mut words = vec!["kubectl", "rollout", "restart", "-n", namespace];
        words.extend(names.iter().map(String::as_str));
        commands.insert(0, shell(&words));
    }
    let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
    let why = match rest.as_slice() {
        [] => why.to_owned(),
        rest => format!("{why}; pods of {} only with their next run", list(rest)),
    };
    if commands.is_empty() {
        commands.push(shell(&["kubectl", "get", "pods", "-n", namespace]));
    }
    Fix { command: commands.join(" && "), why }
}

/// A pod that nobody makes anew is read, deleted and created.
fn replace(namespace: &str, pod: &Workload) -> String {
    let read = shell(&["kubectl", "get", &pod.to_string(), "-n", namespace, "-o", "yaml"]);
    format!("{read} | kubectl replace --force -f -")
}
