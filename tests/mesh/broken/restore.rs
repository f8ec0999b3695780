//! What a case may change beside Istio's networking, put back as it was: Services, pods, nodes, namespaces, the mesh's
//! configuration. What it added is deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::harness::Mesh;

/// Kinds of which every object is put back.
const KEPT: &str = "services,secrets,pods,nodes,namespaces,configmaps";
/// Kinds of which a mesh that nobody touched has none.
const ADDED: &str = "networkpolicies,poddisruptionbudgets,authorizationpolicies.security.istio.io,peerauthentications.security.istio.io,\
    requestauthentications.security.istio.io,envoyfilters.networking.istio.io,workloadentries.networking.istio.io,\
    telemetries.telemetry.istio.io,proxyconfigs.networking.istio.io";

/// Objects by kind, namespace and name.
pub(super) type Objects = BTreeMap<(String, String, String), Value>;

/// Reads all that is put back.
pub(super) fn take(mesh: &Mesh) -> anyhow::Result<Objects> {
    Ok(list(mesh, KEPT)?.into_iter().map(|object| (key(&object), object)).collect())
}

/// Makes everything as it was.
pub(super) fn put_back(mesh: &Mesh, before: &Objects) -> anyhow::Result<()> {
    let mut now = take(mesh)?;
    let gone: Vec<Value> = now
        .iter()
        .filter(|(key, now)| before.get(*key).is_none_or(|object| is_another(now, object)))
        .map(|(_, now)| now.clone())
        .collect();
    now.retain(|key, now| before.get(key).is_some_and(|object| !is_another(now, object)));
    let added = list(mesh, ADDED)?;
    let delete = ["delete", "--wait=false", "--grace-period=0", "--force"];
    send(mesh, &delete, &[gone, added].concat())?;
    let (changed, missing): (Vec<_>, Vec<_>) = before
        .iter()
        .filter(|(key, object)| now.get(*key).is_none_or(|now| essence(now) != essence(object)))
        .map(|(key, object)| (now.contains_key(key), essence(object)))
        .partition(|(exists, _)| *exists);
    for (verb, objects) in [("replace", changed), ("create", missing)] {
        let objects: Vec<Value> = objects.into_iter().map(|(_, object)| object).collect();
        let with_status = objects.iter().filter(|object| object["kind"] == "Pod" || object["kind"] == "Node");
        let with_status: Vec<Value> = with_status.cloned().collect();
        send(mesh, &[verb], &objects)?;
        send(mesh, &["replace", "--subresource=status"], &with_status)?;
    }
    Ok(())
}

/// Whether a pod cannot become what it was: it was asked to go, or is on another node.
fn is_another(now: &Value, before: &Value) -> bool {
    let node = |pod: &Value| pod["spec"]["nodeName"].clone();
    !now["metadata"]["deletionTimestamp"].is_null() || node(now) != node(before)
}

fn key(object: &Value) -> (String, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    (text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
}

/// An object without what the API server writes of its own.
fn essence(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"] {
            metadata.remove(field);
        }
    }
    object
}

fn list(mesh: &Mesh, kinds: &str) -> anyhow::Result<Vec<Value>> {
    let listed = mesh.bed().kubectl(&["get", kinds, "--all-namespaces", "--output=json"])?;
    Ok(serde_json::from_str::<Value>(&listed)?["items"].as_array().cloned().unwrap_or_default())
}

fn send(mesh: &Mesh, arguments: &[&str], items: &[Value]) -> anyhow::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    mesh.bed().kubectl_with_input(&[arguments, &["--filename=-"]].concat(), &list).map(drop)
}
