//! The same objects, read from an API server, from files, and as fixtures: the facts are the same.

use std::fs;
use std::path::Path;

use egress_core::related_resources::RelatedResources;
use egress_diagnose::facts::ClusterFacts;
use egress_diagnose::facts::collect::Collector;
use egress_diagnose::facts::source::{SourceFile, SourceReader, documents};
use serde::Deserialize as _;

use super::*;

/// Groups whose objects keep their kind in a list, as every custom resource does.
const CUSTOM: [&str; 3] = ["networking.istio.io", "security.istio.io", "gateway.networking.k8s.io"];

/// The files of the folder, by name.
fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/facts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// Their objects, by a parser that is not the program's.
fn objects() -> Vec<Value> {
    let documents = |text: &String| -> Vec<Value> {
        serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap()).collect()
    };
    texts().iter().flat_map(documents).collect()
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// `apps/v1` and `apps`; `v1` and an empty text.
fn version_and_group(object: &Value) -> (&str, &str) {
    let version = text(object, "/apiVersion");
    (version, version.split_once('/').map_or("", |(group, _)| group))
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(start) if !kind.ends_with("ay") => format!("{start}ies"),
        _ => format!("{kind}s"),
    }
}

/// An API server with these objects.
fn server(objects: &[Value]) -> Cluster {
    let mut fake = Fake { answers: BTreeMap::new() };
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut resources: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        let ((version, group), kind) = (version_and_group(object), text(object, "/kind"));
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{version}") };
        if kind == "ConfigMap" {
            let folder = format!("{root}/namespaces/{}/configmaps", text(object, "/metadata/namespace"));
            fake = fake.on(&format!("{folder}/{}", text(object, "/metadata/name")), object.clone());
            continue;
        }
        let mut item = object.clone();
        if CUSTOM.contains(&group) {
            let resource = json!({"name": plural(kind), "kind": kind, "namespaced": true, "singularName": "", "verbs": []});
            resources.entry(version.to_owned()).or_default().push(resource);
        } else {
            let fields = item.as_object_mut().unwrap();
            fields.remove("apiVersion");
            fields.remove("kind");
        }
        lists.entry(format!("{root}/{}", plural(kind))).or_default().push(item);
    }
    for (path, items) in lists {
        fake = fake.on(&path, json!({"metadata": {}, "items": items}));
    }
    // A group has several versions, and a kind need not be in all of them.
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (version, resources) in resources {
        let (group, number) = version.split_once('/').unwrap();
        let served = json!({"version": number, "groupVersion": version});
        groups.entry(group.to_owned()).or_default().push(served);
        fake = fake.on(&format!("/apis/{version}"), json!({"groupVersion": version, "resources": resources}));
    }
    for (group, versions) in groups {
        fake = fake.on(&format!("/apis/{group}"), json!({"name": group, "versions": versions}));
    }
    Cluster::fake(move |path| fake.answer(path))
}

/// The objects as a cluster's, and all that a diagnosis reads of them.
async fn from_cluster() -> (Snapshot, RelatedResources) {
    let cluster = server(&objects());
    let scope =
        Scope { namespaces: Namespaces::All(Vec::new()), gateway: None, nodes: true, root_namespace: None };
    let snapshot = cluster.fetch(&scope).await.unwrap();
    let mut related = Box::pin(cluster.related_resources()).await.unwrap();
    related.add_access_roles(cluster.access_roles().await.unwrap());
    related.add_istiod(cluster.istiod(&snapshot).await.unwrap());
    assert_eq!((&related.unreadable, &snapshot.unreadable), (&Vec::new(), &Vec::new()));
    (snapshot, related.facts)
}

/// The objects as one file, which one reader reads, or one for each file.
fn from_file(texts: &[String]) -> ClusterFacts {
    let files: Vec<SourceFile> =
        texts.iter().map(|text| SourceFile { name: "facts.yaml".to_owned(), text: text.clone() }).collect();
    let mut readers = files.iter().enumerate().map(|(number, file)| {
        let mut reader = SourceReader::new(&files, "default", 0);
        for document in &documents(&file.text) {
            reader.read(number, document);
        }
        reader
    });
    let mut whole = readers.next().unwrap();
    readers.for_each(|later| whole.append(later));
    let read = whole.finish();
    assert_eq!(read.unread, []);
    read.facts
}

/// The objects one by one, as fixtures of checks are read.
fn from_fixtures() -> ClusterFacts {
    let mut collector = Collector::default();
    for object in &objects() {
        collector.add(&object.into()).unwrap();
    }
    collector.finish()
}

/// What was found, as a document that says the place of a difference. The order of objects means nothing: an API server
/// answers by kind.
fn facts(snapshot: &Snapshot, related: &RelatedResources) -> Value {
    let mut facts = json!({"snapshot": snapshot, "related": related});
    for part in ["snapshot", "related"] {
        for (_, list) in facts[part].as_object_mut().unwrap() {
            if let Some(list) = list.as_array_mut() {
                list.sort_by_key(ToString::to_string);
            }
        }
    }
    facts
}

#[tokio::test]
async fn a_cluster_files_and_fixtures_give_the_same_facts() {
    let (snapshot, related) = from_cluster().await;
    let of_cluster = facts(&snapshot, &related);

    let texts = texts();
    for evidence in [from_file(&[texts.join("---\n")]), from_file(&texts), from_fixtures()] {
        assert_eq!(facts(&evidence.snapshot, &evidence.related_resources), of_cluster);
    }
}

#[tokio::test]
async fn no_kind_of_fact_is_missing_from_the_comparison() {
    let (snapshot, related) = from_cluster().await;
    let facts = facts(&snapshot, &related);

    let empty = |part: &str| -> Vec<String> {
        let fields = facts[part].as_object().unwrap().iter();
        let none = fields.filter(|(_, value)| value.as_array().is_some_and(Vec::is_empty));
        none.map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(empty("snapshot"), ["unreadable"]);
    // Of a cluster's Secrets only the names that other objects name are read.
    assert_eq!(empty("related"), ["secrets"]);
    let kinds: BTreeSet<_> = snapshot.resources.iter().map(|resource| resource.id.kind).collect();
    assert_eq!(kinds.len(), egress_core::role::Kind::OF_ISTIO.len());
}
