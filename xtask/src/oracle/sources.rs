//! Where clusters are found: the fixtures of a diagnosis, what `add` writes, and folders of others.
//!
//! Knows the first lines of fixtures. Does not complete what it finds.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

use super::cluster::{self, ClusterObjects, Identity};
use crate::workspace;

/// What stands in expected output for the time of the run.
const SOME_TIME: &str = "[TIME]";

/// Every fixture of `tests/diagnose`, the objects of `tests/generate` in the cluster that fixtures stand on, and what once
/// differed.
pub(super) fn fixtures() -> anyhow::Result<Vec<ClusterObjects>> {
    let tests = workspace::root().join("tests");
    let diagnose = tests.join("diagnose");
    let mut clusters = Vec::new();
    for file in files(&diagnose)? {
        let name = relative(&diagnose, &file);
        if !name.starts_with("base/") && !name.starts_with('.') {
            let objects = fixture(&diagnose, &fs::read_to_string(&file)?)?;
            clusters.push(ClusterObjects { source: "fixtures".to_owned(), name, objects });
        }
    }
    let generate = tests.join("generate");
    for file in files(&generate)? {
        let name = relative(&generate, &file);
        if let Some(name) = name.strip_suffix("/expected") {
            let text = fs::read_to_string(&file)?.replace(SOME_TIME, "\"2026-05-01T00:00:00Z\"");
            let text = format!("# with: cluster\n{text}");
            let objects = fixture(&diagnose, &text)?;
            clusters.push(ClusterObjects { source: "generate".to_owned(), name: name.to_owned(), objects });
        }
    }
    let cases = tests.join("oracle");
    for file in files(&cases)? {
        let objects = cluster::parse(&fs::read_to_string(&file)?);
        clusters.push(ClusterObjects { source: "cases".to_owned(), name: relative(&cases, &file), objects });
    }
    Ok(clusters)
}

/// The clusters in a folder: each file is one, and each folder in it is one, of all files below.
pub(super) fn folder(folder: &Path) -> anyhow::Result<Vec<ClusterObjects>> {
    let source = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut clusters = Vec::new();
    for entry in entries(folder)? {
        let files = if entry.is_dir() {
            files(&entry)?
        } else {
            Vec::from_iter(is_manifest(&entry).then(|| entry.clone()))
        };
        let objects: Vec<Value> = files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .flat_map(|text| cluster::parse(&text))
            .collect();
        if !objects.is_empty() {
            clusters.push(ClusterObjects { source: source.clone(), name: relative(folder, &entry), objects });
        }
    }
    Ok(clusters)
}

/// The objects of a fixture, those of the files that it stands on first.
fn fixture(root: &Path, text: &str) -> anyhow::Result<Vec<Value>> {
    let said = |key: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix("# ")?.strip_prefix(key)).collect::<Vec<_>>()
    };
    let mut objects: BTreeMap<Identity, Value> = BTreeMap::new();
    let mut take = |text: &str| {
        objects.extend(cluster::parse(text).into_iter().map(|object| (Identity::of(&object), object)));
    };
    for base in said("with: ").iter().flat_map(|names| names.split(", ")) {
        let file = root.join(format!("base/{base}.yaml"));
        take(&fs::read_to_string(&file).with_context(|| file.display().to_string())?);
    }
    let left_out = said("without: ");
    objects.retain(|identity, _| !left_out.contains(&&*without(identity)));
    objects.extend(cluster::parse(text).into_iter().map(|object| (Identity::of(&object), object)));
    Ok(objects.into_values().collect())
}

/// An object as the line `# without: ` names it.
fn without(identity: &Identity) -> String {
    let Identity { kind, namespace, name, .. } = identity;
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// The manifests in a folder and below, in the order of their names.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            found.extend(files(&entry)?);
        } else if is_manifest(&entry) {
            found.push(entry);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn is_manifest(file: &Path) -> bool {
    file.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// A path without the folder and the ending.
fn relative(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).with_extension("").display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_found_with_the_objects_that_it_stands_on() {
        let clusters = fixtures().unwrap();

        let first = clusters.iter().find(|cluster| cluster.name == "EG001/bad").unwrap();
        assert!(first.objects.iter().any(|object| cluster::name(object) == "egress-1"));
        assert!(clusters.iter().any(|cluster| cluster.source == "generate"));
        assert!(clusters.iter().all(|cluster| !cluster.objects.is_empty()));
    }

    #[test]
    fn an_object_that_a_fixture_leaves_out_is_not_there() {
        let root = workspace::root().join("tests/diagnose");
        let text = "# with: cluster, shared\n# without: ServiceEntry shop/edition-cnn-com\n";

        let objects = fixture(&root, text).unwrap();

        let entries: Vec<_> = cluster::of_kind(&objects, "ServiceEntry").map(cluster::name).collect();
        assert_eq!(entries, ["edition-cnn-com-upstream"]);
    }
}
