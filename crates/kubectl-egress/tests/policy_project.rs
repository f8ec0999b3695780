//! A new policy, from `policy init` to tests that pass: what authors do first must work, with the registry of their language
//! alone, and without a network once cargo has fetched what this repository itself needs.
//!
//! Projects in other languages than Rust are built by `cargo xtask test --tier guests`.

#[path = "policy_project/listing.rs"]
mod listing;
#[path = "policy_project/sdk.rs"]
mod sdk;
#[path = "policy_project/urls.rs"]
mod urls;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use serde_json::Value;

const LANGUAGES: [&str; 3] = ["rust", "javascript", "python"];
/// How cargo calls crates.io.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn a_new_policy_builds_and_passes_its_tests() -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let program = || program(scratch.path());
    said(program().args(["policy", "init", "acme-hosts"]))?;
    let project = scratch.path().join("acme-hosts");
    // What the plugins are built with, this project is built with, too.
    let target = repository().join("target/plugins");
    fs::create_dir_all(&target)?;
    symlink(target, project.join("target"))?;

    let built = said(program().args(["policy", "build"]).current_dir(&project))?;
    ensure!(built.contains("ok: acme-hosts 0.1.0 answers hosts; "), "{built}");
    let tested = said(program().args(["policy", "test", "--require-coverage"]).current_dir(&project))?;
    ensure!(tested.ends_with("acme-hosts 0.1.0: 1 of 1 rules covered\n4 passed, 0 failed\n"), "{tested}");
    let native = said(offline(&mut Command::new("cargo")).args(["test", "--quiet"]).current_dir(&project))?;
    ensure!(native.contains("1 passed"), "{native}");
    for package in packages(&project, &[])? {
        let is_own =
            || Path::new(package["manifest_path"].as_str().unwrap_or_default()).starts_with(&project);
        ensure!(package["source"] == REGISTRY || is_own(), "{} is of another place", package["id"]);
    }
    Ok(())
}

/// The program under test, with a cache of its own.
fn program(scratch: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"));
    offline(&mut command).env("XDG_CACHE_HOME", scratch.join("cache")).current_dir(scratch);
    command
}

/// Cargo as a person would start it, but without a network.
fn offline(command: &mut Command) -> &mut Command {
    // Cargo tells its children where to build, and for which crate they run.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        command.env_remove(name);
    }
    command.env("CARGO_NET_OFFLINE", "true")
}

/// The packages that cargo sees in a folder.
fn packages(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let mut cargo = Command::new("cargo");
    offline(&mut cargo).args(["metadata", "--format-version", "1"]).args(arguments).current_dir(folder);
    let mut metadata: Value = serde_json::from_str(&said(&mut cargo)?)?;
    Ok(serde_json::from_value(metadata["packages"].take())?)
}

/// Every file of a new project, by its place in it.
fn project(language: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let scratch = tempfile::tempdir()?;
    said(program(scratch.path()).args(["policy", "init", "acme-hosts", "--lang", language]))?;
    texts(&scratch.path().join("acme-hosts"))
}

/// Every file below a folder, by its place in it.
fn texts(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let below = texts(&entry.path())?;
            found.extend(below.into_iter().map(|(place, text)| (format!("{name}/{place}"), text)));
        } else {
            found.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(found)
}

/// What a command that must succeed prints.
fn said(command: &mut Command) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("{command:?}"))?;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{command:?}: {status}\n{stdout}{}", String::from_utf8_lossy(&stderr));
    Ok(stdout)
}

fn repository() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.ancestors().nth(2).unwrap_or(folder).to_owned()
}
