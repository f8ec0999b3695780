//! What makes two builds the same bytes: no path of the machine, and no clock, in what is built.
//!
//! Knows the compilers' flags for that, and nothing of what they build.

use std::{env, path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::workspace;

/// What the root of this repository is called in everything that leaves this machine.
pub(super) const ROOT: &str = "/kubectl-egress";

/// What the compilers are told, for everything that a release is made of.
///
/// # Errors
/// Neither `CARGO_HOME` nor a home folder is known, whose path would otherwise be in the program.
pub(super) fn environment() -> anyhow::Result<Vec<(&'static str, String)>> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir().context("neither CARGO_HOME nor HOME is set")?.join(".cargo"),
    };
    let replaced = [(workspace::root(), ROOT), (home, "/cargo")];
    let flags = |flag: &str| {
        let flags = replaced.iter().map(|(path, name)| format!("{flag}={}={name}", path.display()));
        flags.collect::<Vec<_>>().join(" ")
    };
    Ok(vec![
        ("RUSTFLAGS", flags("--remap-path-prefix")),
        ("CFLAGS", flags("-ffile-prefix-map")),
        ("SOURCE_DATE_EPOCH", last_change().unwrap_or_else(|| "0".to_owned())),
    ])
}

/// When the sources were last changed, in seconds; nobody knows outside of a repository.
fn last_change() -> Option<String> {
    let mut git = Command::new("git");
    let output = git.args(["log", "-1", "--format=%ct"]).current_dir(workspace::root()).output().ok()?;
    let seconds = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())).then_some(seconds)
}
