//! Checks that the names, labels and keys in files and bundles are valid in Kubernetes.
//!
//! An API server accepts no others. In a file, an invalid name could be an attack: it could end up in a printed
//! command, or defeat a comparison. Knows which fields are names, not what they are used for.

use egress_core::host::printable;
use egress_core::kubernetes_name::{
    LABEL, LABEL_VALUE, QUALIFIED_NAME, SUBDOMAIN, is_label, is_label_value, is_qualified_name, is_subdomain,
};
use egress_core::tree::Tree;
use thiserror::Error;

mod facts;

pub(crate) use facts::of_facts;

/// Why a name is not valid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field}: expected {expected}, found `{found}`")]
pub struct NameError {
    /// Its field, such as `metadata.name`.
    pub field: &'static str,
    /// What the field must contain.
    pub expected: &'static str,
    /// What it contains, with invisible characters escaped.
    pub found: String,
}

type Checked = Result<(), NameError>;

/// Examines an object of a file. It may have no name and no namespace yet.
pub(crate) fn of_object(object: &Tree<'_>, kind: &str) -> Checked {
    kind_of("kind", kind)?;
    let text = |path: &[&str]| object.at(path).and_then(Tree::as_str).unwrap_or_default();
    label("metadata.namespace", text(&["metadata", "namespace"]))?;
    // Names of Services and Namespaces are DNS labels. Other names may have dots.
    if matches!(kind, "Service" | "Namespace") {
        label("metadata.name", text(&["metadata", "name"]))?;
    }
    let name = text(&["metadata", "name"]);
    let is_of_access = matches!(kind, "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding");
    if is_of_access {
        role("metadata.name", name)?;
    } else {
        subdomain("metadata.name", name)?;
    }
    let pairs = |path: &[&str]| {
        let fields = object.at(path).into_iter().flat_map(Tree::fields);
        fields.map(|(key, value)| (key, value.as_str().unwrap_or_default())).collect::<Vec<_>>()
    };
    labels("metadata.labels", pairs(&["metadata", "labels"]))?;
    keys("metadata.annotations", pairs(&["metadata", "annotations"]).into_iter().map(|(key, _)| key))?;
    if matches!(kind, "Service" | "Gateway") {
        labels("spec.selector", pairs(&["spec", "selector"]))?;
    }
    // The pod template of a workload.
    labels("spec.template.metadata.labels", pairs(&["spec", "template", "metadata", "labels"]))?;
    subdomain("spec.nodeName", text(&["spec", "nodeName"]))?;
    for owner in list(object, &["metadata", "ownerReferences"]) {
        let text = |field: &str| owner.get(field).and_then(Tree::as_str).unwrap_or_default();
        kind_of("metadata.ownerReferences", text("kind"))?;
        subdomain("metadata.ownerReferences", text("name"))?;
    }
    for webhook in list(object, &["webhooks"]) {
        subdomain("webhooks", webhook.get("name").and_then(Tree::as_str).unwrap_or_default())?;
        let service = |field: &str| webhook.at(&["clientConfig", "service", field]).and_then(Tree::as_str);
        label("webhooks", service("namespace").unwrap_or_default())?;
        subdomain("webhooks", service("name").unwrap_or_default())?;
    }
    Ok(())
}

fn list<'a, 'b>(object: &'a Tree<'b>, path: &[&str]) -> &'a [Tree<'b>] {
    match object.at(path) {
        Some(Tree::List(items)) => items,
        _ => &[],
    }
}

/// Examines a namespace and the name of an object in it.
pub(crate) fn full(namespace: &str, name: &str) -> Checked {
    label("metadata.namespace", namespace)?;
    subdomain("metadata.name", name)
}

fn label(field: &'static str, text: &str) -> Checked {
    fits(field, text, LABEL, is_label)
}

fn subdomain(field: &'static str, text: &str) -> Checked {
    fits(field, text, SUBDOMAIN, is_subdomain)
}

/// The name of a role or of what binds it, such as `system:node`.
fn role(field: &'static str, text: &str) -> Checked {
    let is_role = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._:@".contains(&byte))
    };
    fits(field, text, "a name of letters, digits and -._:@", is_role)
}

fn kind_of(field: &'static str, text: &str) -> Checked {
    let is_kind = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits(field, text, "a kind of letters and digits", is_kind)
}

fn labels<'a>(field: &'static str, all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Checked {
    all.into_iter().try_for_each(|(key, value)| {
        fits(field, key, QUALIFIED_NAME, is_qualified_name)?;
        fits(field, value, LABEL_VALUE, is_label_value)
    })
}

fn keys<'a>(field: &'static str, mut all: impl Iterator<Item = &'a str>) -> Checked {
    all.try_for_each(|key| fits(field, key, QUALIFIED_NAME, is_qualified_name))
}

/// A name that is not set is not wrong.
fn fits(field: &'static str, text: &str, expected: &'static str, fits: impl Fn(&str) -> bool) -> Checked {
    if text.is_empty() || fits(text) {
        return Ok(());
    }
    Err(NameError { field, expected, found: printable(text) })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use egress_core::related_resources::{SecretFacts, SyncFacts};
    use egress_core::snapshot::NodeFacts;
    use serde_json::{Value, json};

    use crate::bundle::{self, BundleError};
    use crate::facts::collect::Collector;
    use crate::facts::source::{SourceFile, SourceReader, documents};
    use crate::facts::{ClusterFacts, Request};

    const HOSTILE: [&str; 7] = ["--all", "-n", "x;touch${IFS}pwned;#", "$(id)", "a b", "a\u{202e}b", "a\nb"];

    fn error(object: &Value) -> String {
        Collector::default().add(&object.into()).unwrap_err().to_string()
    }

    /// The kind: a name in a file that no cluster accepts, chosen to end up in a printed command.
    #[test]
    fn an_object_with_a_name_that_no_api_server_takes_is_told_and_not_read() {
        for hostile in HOSTILE {
            let objects = [
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": hostile, "namespace": "shop" } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": hostile } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "labels": { "app": hostile } } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "labels": { hostile: "a" } } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "annotations": { hostile: "a" } } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "spec": { "nodeName": hostile } }),
                json!({ "apiVersion": "v1", "kind": "Pod",
                    "metadata": { "ownerReferences": [{ "kind": "Job", "name": hostile, "controller": true }] } }),
                json!({ "apiVersion": "v1", "kind": "Pod",
                    "metadata": { "ownerReferences": [{ "kind": hostile, "name": "a", "controller": true }] } }),
                json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": hostile } }),
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": hostile } }),
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": hostile } }),
                json!({ "apiVersion": "v1", "kind": "Service", "spec": { "selector": { "app": hostile } } }),
                json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": { "name": hostile } }),
                json!({ "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "spec": { "selector": { hostile: "a" } } }),
                json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": hostile }),
                json!({ "apiVersion": "apps/v1", "kind": "Deployment",
                    "spec": { "template": { "metadata": { "labels": { "app": hostile } } } } }),
                json!({ "apiVersion": "kubectl-egress.github.io/v1alpha1", "kind": "Envoy", "metadata": { "name": hostile } }),
            ];
            for object in &objects {
                let error = error(object);
                assert!(error.contains("expected "), "{error}");
                assert!(!error.contains(['\n', '\u{202e}']), "{error:?}");
            }
            let mesh = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "istio" },
                "data": { "mesh": json!({ "rootNamespace": hostile }).to_string() } });
            assert!(error(&mesh).contains("rootNamespace: expected "), "{}", error(&mesh));
        }
    }

    /// The same in a bundle, which contains facts instead of objects.
    #[test]
    fn a_bundle_with_a_name_that_no_api_server_takes_is_refused() {
        for hostile in HOSTILE {
            let name = || hostile.to_owned();
            let mut all: [ClusterFacts; 5] = std::array::from_fn(|_| ClusterFacts::default());
            all[0].snapshot.mesh.root_namespace = name();
            all[1].snapshot.nodes.push(NodeFacts { name: name(), ..NodeFacts::default() });
            all[2].snapshot.pods.push(egress_core::snapshot::PodFacts { name: name(), ..Default::default() });
            all[3]
                .snapshot
                .nodes
                .push(NodeFacts { labels: [(name(), name())].into(), ..NodeFacts::default() });
            all[4].rights.insert(name(), crate::facts::Rights::default());
            for facts in &all {
                let texts = bundle::write(facts, &Request::default(), "0.1.0").unwrap();
                assert!(matches!(bundle::read(&texts), Err(BundleError::Name(_))), "{hostile}");
            }
        }
    }

    /// The facts of an object of each kind that a diagnosis reads.
    fn of_each_kind() -> ClusterFacts {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/facts");
        let texts = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()));
        let texts: Vec<String> = texts.map(Result::unwrap).collect();
        let files = [SourceFile { name: "facts.yaml".to_owned(), text: texts.join("---\n") }];
        let mut reader = SourceReader::new(&files, "default", 0);
        for document in &documents(&files[0].text) {
            reader.read(0, document);
        }
        let mut facts = reader.finish().facts;
        facts.related_resources.secrets.push(SecretFacts { name: "client".to_owned(), ..Default::default() });
        let proxy = SyncFacts { pod: "client-0".to_owned(), ..SyncFacts::default() };
        facts.related_resources.sync = Some(vec![proxy]);
        facts
    }

    /// The names in one fact: of its object, and of the objects that it leads to.
    fn names(fact: &mut Value) -> Vec<&mut Value> {
        let known = ["name", "namespace", "pod", "configuration", "node"];
        let objects = ["id", "object"];
        let mut found = Vec::new();
        for (key, value) in fact.as_object_mut().into_iter().flatten() {
            match value {
                Value::Object(_) if objects.contains(&key.as_str()) => found.extend(names(value)),
                Value::String(_) if known.contains(&key.as_str()) => found.push(value),
                _ => {}
            }
        }
        found
    }

    /// Of the kind: a kind of object that somebody added, and whose names nobody examines.
    #[test]
    fn the_names_of_every_kind_of_object_in_a_bundle_are_examined() {
        let texts = bundle::write(&of_each_kind(), &Request::default(), "0.1.0").unwrap();
        bundle::read(&texts).unwrap();
        for text in ["cluster.json", "surroundings.json"] {
            let whole: Value = serde_json::from_str(&texts[text]).unwrap();
            let lists = whole.as_object().unwrap().iter().filter(|(_, list)| list.is_array());
            for (field, list) in lists.filter(|(field, _)| *field != "unreadable") {
                let count = names(&mut list[0].clone()).len();
                assert!(count > 0, "no object in {field}, or one without a name");
                for number in 0..count {
                    let mut changed = whole.clone();
                    *names(&mut changed[field][0])[number] = HOSTILE[0].into();
                    let mut texts = texts.clone();
                    texts.insert(text.to_owned(), changed.to_string());
                    let what = format!("{field}: {}", changed[field][0]);
                    assert!(bundle::read(&texts).is_err(), "{what}");
                }
            }
        }
    }
}
