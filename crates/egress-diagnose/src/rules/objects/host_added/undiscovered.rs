//! A host whose objects exist, in a namespace that the mesh's `discoverySelectors` leave out.
//!
//! Knows the labels that the selectors ask for. Does not know what else is in the namespace.

use std::collections::BTreeMap;

use egress_core::command::ShellCommand;
use egress_core::resource::Resource;
use egress_core::snapshot::MeshFacts;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::CHECK;
use crate::finding::{Alteration, Confidence, Finding, Fix, Metadata, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::view::View;

/// The finding for the first of the objects.
pub(super) fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    entry: &Resource,
    consequence: String,
) -> Finding {
    let namespace = entry.id.namespace.as_str();
    let mesh = view.mesh();
    let settings = mesh.config_map.as_ref().map_or_else(
        || "the mesh configuration".to_owned(),
        |(home, name)| format!("configmap/{name} in namespace {home}"),
    );
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{} is declared in {namespace}, a namespace that istiod does not read", path.host),
        object: Place::of(&entry.id).field("spec.hosts", &path.host),
        evidence: vec![format!("discoverySelectors of {settings} do not select the labels of {namespace}")],
        consequence,
        fix: labels(view, mesh, namespace),
    }
}

/// Gives the namespace the labels that a selector asks for.
fn labels(view: &View<'_>, mesh: &MeshFacts, namespace: &str) -> Fix {
    let own = view.labelled_namespaces().unwrap_or_default();
    let own = own.iter().find(|facts| facts.name == namespace).map(|facts| &facts.labels);
    let wanted = mesh.discovery_selectors.iter().find_map(|selector| missing(selector, own));
    match wanted {
        Some(changes) => fixes::changed(
            ("namespace", namespace, ""),
            Alteration::Label(changes),
            "lets istiod read the namespace, with all that is in it",
        ),
        None => fixes::fix(
            ShellCommand::new(["kubectl", "get", "namespace"])
                .word(egress_core::command::Word::namespace(namespace))
                .words(["--show-labels"]),
            "shows the labels; discoverySelectors have to select them",
        ),
    }
}

/// The changes of labels after which a selector selects them; none where a requirement leaves the value open.
fn missing(selector: &LabelSelector, own: Option<&BTreeMap<String, String>>) -> Option<Metadata> {
    let mut changes: Metadata = Vec::new();
    for (key, value) in selector.match_labels.iter().flatten() {
        changes.push((key.clone(), Some(value.clone())));
    }
    for requirement in selector.match_expressions.iter().flatten() {
        let value = own.and_then(|own| own.get(&requirement.key));
        let listed = requirement.values.as_deref().unwrap_or_default();
        match requirement.operator.as_str() {
            "In" if value.is_some_and(|value| listed.contains(value)) => {}
            "In" => changes.push((requirement.key.clone(), Some(listed.first()?.clone()))),
            "NotIn" if value.is_some_and(|value| listed.contains(value)) => {
                changes.push((requirement.key.clone(), None));
            }
            "DoesNotExist" if value.is_some() => changes.push((requirement.key.clone(), None)),
            "Exists" if value.is_none() => return None,
            _ => {}
        }
    }
    Some(changes)
}
