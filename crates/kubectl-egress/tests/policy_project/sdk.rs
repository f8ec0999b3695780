//! The crate that a project in Rust is built with is the one of this repository, which stands alone there.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{packages, program, project, repository, said, texts};

const CRATE: &str = "crates/egress-policy-sdk";
const INTERFACES: &str = "wit/policy-0.1.0";
/// What a manifest says of more than its place.
const SAME: [&str; 9] = [
    "version",
    "description",
    "license",
    "edition",
    "rust_version",
    "publish",
    "features",
    "dependencies",
    "links",
];

#[test]
fn a_project_has_every_source_of_the_crate_without_its_tests() -> anyhow::Result<()> {
    let mut written = sdk(&project("rust")?);
    for (place, text) in texts(&repository().join(CRATE))? {
        let copy = written.remove(&place).with_context(|| format!("{place} is not written"))?;
        if place == "Cargo.toml" {
            continue;
        }
        let text = text.replace("\"../../wit/policy-0.1.0\"", "\"wit\"");
        let left_out = text.strip_prefix(&copy).with_context(|| format!("{place} is not the same"))?;
        ensure!(left_out.is_empty() || left_out.starts_with("\n#[cfg(test)]\nmod "), "{place}: {left_out}");
    }
    let beside: Vec<_> = written.keys().filter(|place| !place.starts_with("wit/")).collect();
    ensure!(beside == ["LICENSE", "README.md"], "{beside:?}");
    Ok(())
}

#[test]
fn every_project_has_the_interfaces_and_the_licence_as_they_are() -> anyhow::Result<()> {
    let interfaces = texts(&repository().join(INTERFACES))?;
    for (language, folder) in [("rust", "sdk/wit/"), ("javascript", "wit/"), ("python", "wit/")] {
        let project = project(language)?;
        let written: BTreeMap<_, _> = below(&project, folder);
        ensure!(written == interfaces, "{language}: {:?}", written.keys());
    }
    let licence = std::fs::read_to_string(repository().join("LICENSE"))?;
    ensure!(sdk(&project("rust")?).get("LICENSE") == Some(&licence), "the licence is another one");
    Ok(())
}

#[test]
fn outside_of_the_workspace_the_manifest_says_the_same() -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    said(program(scratch.path()).args(["policy", "init", "acme-hosts"]))?;

    let written = manifest(&scratch.path().join("acme-hosts/sdk"))?;

    let kept = manifest(&repository())?;
    ensure!(written == kept, "written: {written:#}\nin the repository: {kept:#}");
    Ok(())
}

/// What cargo reads in the crate's manifest, but for its place and for what only its tests need.
fn manifest(folder: &Path) -> anyhow::Result<Value> {
    let packages = packages(folder, &["--no-deps"])?;
    let package = packages.into_iter().find(|package| package["name"] == "egress-policy-sdk");
    let mut package = package.context("cargo sees no such crate")?;
    if let Some(dependencies) = package["dependencies"].as_array_mut() {
        dependencies.retain(|dependency| dependency["kind"] != "dev");
    }
    Ok(SAME.into_iter().map(|key| (key.to_owned(), package[key].take())).collect())
}

/// The files of the crate.
fn sdk(project: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    below(project, "sdk/")
}

fn below(project: &BTreeMap<String, String>, folder: &str) -> BTreeMap<String, String> {
    let files = project.iter().filter_map(|(place, text)| Some((place.strip_prefix(folder)?, text)));
    files.map(|(place, text)| (place.to_owned(), text.clone())).collect()
}
