//! A new policy, from `policy init` to tests that pass: what authors do first must work, and without a network once cargo
//! has fetched what this repository itself needs.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};

#[test]
fn a_new_policy_builds_and_passes_its_tests() -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let sdk = repository().join("crates/egress-policy-sdk");
    let program = || program(scratch.path());
    said(program().args(["policy", "init", "acme-hosts", "--sdk-path"]).arg(sdk))?;
    let project = scratch.path().join("acme-hosts");
    // What the plugins are built with, this project is built with, too.
    let target = repository().join("target/plugins");
    std::fs::create_dir_all(&target)?;
    symlink(target, project.join("target"))?;

    let built = said(program().args(["policy", "build"]).current_dir(&project))?;
    ensure!(built.contains("ok: acme-hosts 0.1.0 answers hosts; "), "{built}");
    let tested = said(program().args(["policy", "test", "--require-coverage"]).current_dir(&project))?;
    ensure!(tested.ends_with("acme-hosts 0.1.0: 1 of 1 rules covered\n3 passed, 0 failed\n"), "{tested}");
    let native = said(offline(&mut Command::new("cargo")).args(["test", "--quiet"]).current_dir(&project))?;
    ensure!(native.contains("1 passed"), "{native}");
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
