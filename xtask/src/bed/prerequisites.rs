//! What the machine must have before a bed can be built: said in one line each, before anything is started.
//!
//! It knows what to type, and nothing of what the programs are used for.

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::{bail, ensure};

use crate::terminal;

/// Small programs that the bed installs itself where it can: the program and its Debian package.
const INSTALLED: [(&str, &str); 3] = [("ip", "iproute2"), ("iptables", "iptables"), ("curl", "curl")];

/// Checks everything, and installs what a package manager has. All that is missing is in the one error.
pub(super) fn check() -> anyhow::Result<()> {
    root()?;
    let mut missing = Vec::new();
    for (program, package) in INSTALLED {
        if !has(program) && !install(package) {
            missing.push(format!("{program} is missing: install the package {package}"));
        }
    }
    if !has("go") {
        missing.push("Go is missing: install version 1.26 or newer from https://go.dev/dl".to_owned());
    }
    if !succeeds("python3", &["-m", "pip", "--version"]) {
        missing.push(
            "Python's pip is missing (Envoy comes as a Python package): apt-get install python3-pip"
                .to_owned(),
        );
    }
    ensure!(missing.is_empty(), "the bed cannot run here\n{}", missing.join("\n"));
    Ok(())
}

/// A bed is made of network namespaces, which only root may make.
pub(super) fn root() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the bed needs root for its network namespaces: sudo -E env \"PATH=$PATH\" cargo xtask bed up");
    }
    Ok(())
}

fn install(package: &str) -> bool {
    if !has("apt-get") {
        return false;
    }
    terminal::progress(format_args!("installing {package} …"));
    let install =
        || succeeds("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends", package]);
    install() || (succeeds("apt-get", &["update", "--quiet"]) && install())
}

fn has(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
