//! The clusters of `tests/diagnose` as manifests that any tool can read.
//!
//! Knows how a case is put together from base files. Knows nothing of what is wrong in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize as _;
use serde_json::Value;

use crate::workspace;

/// Kinds of this group stand for what no object says, such as a look into an Envoy.
const OWN_GROUP: &str = "kubectl-egress.github.io/";

/// What only istiod can be asked for.
const CONTROL_PLANE: &str = "controlPlane";

/// One cluster.
pub(super) struct ClusterCase {
    /// The directory: a code, or `healthy`.
    pub(super) group: String,
    /// The file, without its ending.
    pub(super) name: String,
    /// Its objects.
    pub(super) objects: Vec<Value>,
    /// What is asked about it: words of a command line.
    pub(super) asked: Vec<String>,
    /// What it is about is in no object.
    pub(super) beyond_objects: bool,
}

impl ClusterCase {
    /// Whether something is wrong in it.
    pub(super) fn is_broken(&self) -> bool {
        self.name.starts_with("bad")
    }
}

/// Every case, in order.
pub(super) fn all() -> anyhow::Result<Vec<ClusterCase>> {
    let root = workspace::root().join("tests/diagnose");
    let mut cases = Vec::new();
    for directory in entries(&root)? {
        let group = name_of(&directory);
        if !directory.is_dir() || group == "base" {
            continue;
        }
        let files = entries(&directory)?;
        let manifests = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "yaml"));
        for file in manifests {
            let read = case(&root, &group, file);
            cases.push(read.with_context(|| format!("in {}", file.display()))?);
        }
    }
    Ok(cases)
}

fn case(root: &Path, group: &str, file: &Path) -> anyhow::Result<ClusterCase> {
    let text = fs::read_to_string(file)?;
    let said =
        |key: &'static str| text.lines().filter_map(move |line| line.strip_prefix("# ")?.strip_prefix(key));
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    for base in said("with: ").flat_map(|names| names.split(", ")) {
        objects.extend(documents(&fs::read_to_string(root.join(format!("base/{base}.yaml")))?)?);
    }
    for gone in said("without: ") {
        ensure!(objects.remove(gone).is_some(), "there is no {gone} to leave out");
    }
    let own = documents(&text)?;
    let beyond_objects = own.iter().any(|(_, object)| !is_object(object) && !is_reading_of_objects(object));
    objects.extend(own);
    Ok(ClusterCase {
        group: group.to_owned(),
        name: name_of(&file.with_extension("")),
        objects: objects.into_values().filter(is_object).map(aged).collect(),
        asked: said("ask: ").flat_map(str::split_whitespace).map(str::to_owned).collect(),
        beyond_objects,
    })
}

fn is_object(document: &Value) -> bool {
    !document["apiVersion"].as_str().unwrap_or_default().starts_with(OWN_GROUP)
}

/// Whether a document says that some kinds were read, and each of them is one of objects: a file may hold those as well.
fn is_reading_of_objects(document: &Value) -> bool {
    let inputs = document["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    document["kind"] == "Read" && !inputs.is_empty() && !inputs.iter().any(|input| input == CONTROL_PLANE)
}

/// What lies in a cluster has an identity and an age.
fn aged(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("uid".to_owned(), "00000000-0000-0000-0000-000000000000".into());
        metadata.entry("creationTimestamp").or_insert_with(|| "2026-05-01T00:00:00Z".into());
    }
    object
}

/// Objects by kind, namespace and name.
fn documents(text: &str) -> anyhow::Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let object = Value::deserialize(document)?;
        if object.is_null() {
            continue;
        }
        let word = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (kind, namespace, name) = (word("/kind"), word("/metadata/namespace"), word("/metadata/name"));
        let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        found.push((format!("{kind} {place}"), object));
    }
    Ok(found)
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
