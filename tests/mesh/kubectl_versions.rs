//! The plugin under kubectl: every kubectl that this machine has finds it, and help and errors say `kubectl egress`.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use testbed::bed::User;

use super::harness::{Mesh, SHOP, Test, program, say};

pub(crate) const TESTS: &[Test] = &[("every_kubectl_that_is_here_runs_the_plugin", every_kubectl)];

/// Minor versions that the plugin is made for.
const VERSIONS: std::ops::RangeInclusive<u32> = 27..=36;

/// The bed's own.
const OWN: u32 = 36;

fn every_kubectl(mesh: &Mesh) -> anyhow::Result<()> {
    let plugins = tempfile::tempdir()?;
    symlink(program()?, plugins.path().join("kubectl-egress"))?;
    let found = kubectls(mesh);
    for (version, kubectl) in &found {
        // A whole life under the oldest and the newest, a few words under each.
        let whole = found.keys().next() == Some(version) || *version == OWN;
        runs(mesh, kubectl, plugins.path(), whole).with_context(|| format!("kubectl 1.{version}"))?;
    }
    let missing: Vec<String> =
        VERSIONS.filter(|minor| !found.contains_key(minor)).map(|minor| format!("1.{minor}")).collect();
    let shown: Vec<String> = found.keys().map(|minor| format!("1.{minor}")).collect();
    say(format_args!("  under kubectl {}; not on this machine: {}", shown.join(", "), missing.join(", ")));
    Ok(())
}

fn runs(mesh: &Mesh, kubectl: &Path, plugins: &Path, whole: bool) -> anyhow::Result<()> {
    let run = |arguments: &[&str]| {
        let mut command = mesh.bed().command_as(User::Admin, kubectl);
        command.env("PATH", path_with(&command, plugins)?).arg("egress").args(arguments);
        let output = command.output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        anyhow::Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    };
    let (code, help, _) = run(&["add", "--help"])?;
    ensure!(code == Some(0) && help.contains("Usage: kubectl egress add"), "{help}");
    let (code, _, wrong) = run(&["add", "no_host", "-n", "shop"])?;
    ensure!(code == Some(2) && wrong.starts_with("error: ") && wrong.contains("\n\nhint: "), "{wrong}");
    ensure!(!wrong.contains("kubectl-egress"), "{wrong}");

    // An exit code of the plugin's own comes through.
    let (code, ..) = run(&["add", "edition.cnn.com:443", "-n", "shop", "--diff"])?;
    ensure!(code == Some(3), "exit code {code:?}");
    if !whole {
        return Ok(());
    }
    let (code, added, said) = run(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    ensure!(code == Some(0) && added.contains("serviceentry.networking.istio.io/edition-cnn-com"), "{said}");
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/")?;
    let (code, listed, _) = run(&["list", "-n", "shop"])?;
    ensure!(code == Some(0) && listed.contains("ready"), "{listed}");
    let (code, _, said) = run(&["remove", "edition.cnn.com", "-n", "shop"])?;
    ensure!(code == Some(0), "{said}");
    Ok(())
}

fn path_with(command: &Command, plugins: &Path) -> anyhow::Result<std::ffi::OsString> {
    let set = command.get_envs().find(|(key, _)| *key == "PATH").and_then(|(_, value)| value);
    let path = set.map(ToOwned::to_owned).or_else(|| env::var_os("PATH")).unwrap_or_default();
    Ok(env::join_paths([plugins.to_owned()].into_iter().chain(env::split_paths(&path)))?)
}

/// One kubectl of each minor version: `kubectl` and `kubectl.1.27` and the like, in all folders of PATH and beside what
/// they link to, and the bed's own.
fn kubectls(mesh: &Mesh) -> BTreeMap<u32, PathBuf> {
    let own = mesh.bed().programs().join("kubectl");
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let linked = folders
        .iter()
        .filter_map(|folder| Some(fs::canonicalize(folder.join("kubectl")).ok()?.parent()?.to_owned()));
    let linked: Vec<PathBuf> = linked.collect();
    folders.extend(linked);
    // It is built from the modules of this version and says none.
    let mut found = BTreeMap::from([(OWN, own)]);
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let named = name == "kubectl"
                || name.strip_prefix("kubectl.1.").is_some_and(|rest| rest.parse::<u32>().is_ok());
            if let Some(minor) = named.then(|| minor_version(&entry.path())).flatten() {
                found.entry(minor).or_insert_with(|| entry.path());
            }
        }
    }
    found.retain(|minor, _| VERSIONS.contains(minor));
    found
}

fn minor_version(kubectl: &Path) -> Option<u32> {
    let output = Command::new(kubectl).args(["version", "--client", "--output=json"]).output().ok()?;
    let version: Value = serde_json::from_slice(&output.stdout).ok()?;
    version["clientVersion"]["minor"].as_str()?.trim_end_matches('+').parse().ok()
}
