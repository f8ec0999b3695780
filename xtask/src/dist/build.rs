//! The program, as users get it, for one target.
//!
//! Zig links what is not this machine's own, C included: Python's registry has it for every system. Knows nothing of
//! archives.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use super::{reproducible, target::BuildTarget};
use crate::{terminal, toolchain, workspace};

/// The linker, and what puts it behind cargo.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Builds the program and returns its path.
///
/// # Errors
/// The target cannot be added to Rust, the linker cannot be fetched, or the program does not compile.
pub(super) fn program(target: &BuildTarget) -> anyhow::Result<PathBuf> {
    let triple = target.triple;
    toolchain::require_target(triple)?;
    terminal::progress(format_args!("building kubectl-egress for {triple} (many minutes the first time) …"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace::root()).envs(reproducible::environment()?);
    let task = if target.is_native() {
        "build"
    } else {
        let tools = zig()?;
        let others = env::var_os("PATH").unwrap_or_default();
        let paths = [tools.join("bin")].into_iter().chain(env::split_paths(&others));
        cargo.env("PATH", env::join_paths(paths)?);
        "zigbuild"
    };
    cargo.args([task, "--release", "--locked", "--package", "kubectl-egress", "--bins", "--target", triple]);
    ensure!(
        cargo.status().context("running cargo")?.success(),
        "kubectl-egress does not compile for {triple}"
    );
    Ok(workspace::metadata()?.target_directory.join(triple).join("release").join(super::archive::PROGRAM))
}

/// A Python environment with the linker, made once.
fn zig() -> anyhow::Result<PathBuf> {
    let folder =
        workspace::metadata()?.target_directory.join("tools").join(PACKAGES.join("-").replace("==", "-"));
    if folder.join("bin/cargo-zigbuild").exists() {
        return Ok(folder);
    }
    terminal::progress(format_args!("fetching {} …", PACKAGES.join(" and ")));
    let run = |program: &Path, arguments: &[&str]| -> anyhow::Result<()> {
        let status = Command::new(program).args(arguments).status();
        let worked = status.is_ok_and(|status| status.success());
        ensure!(
            worked,
            "`{} {}` failed: it needs Python's venv and pip",
            program.display(),
            arguments.join(" ")
        );
        Ok(())
    };
    run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])?;
    run(
        &folder.join("bin/pip"),
        &[&["install", "--quiet", "--disable-pip-version-check"], &PACKAGES[..]].concat(),
    )?;
    Ok(folder)
}
