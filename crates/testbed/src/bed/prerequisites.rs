//! What the machine must have before a bed can be built: said in one line each, before anything is started.
//!
//! It knows what to type, and nothing of what the programs are used for.

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::{bail, ensure};

use crate::progress;

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
    missing.extend(go());
    if !succeeds("python3", &["-m", "pip", "--version"]) {
        missing.push(
            "Python's pip is missing (Envoy comes as a Python package): apt-get install python3-pip"
                .to_owned(),
        );
    }
    ensure!(missing.is_empty(), "the bed cannot run here\n{}", missing.join("\n"));
    Ok(())
}

/// The Go modules of the bed are written for this version or a newer one; it fetches nothing by itself where it may not.
const GO: (u32, u32) = (1, 26);

/// What is wrong with this machine's Go.
pub(super) fn go() -> Option<String> {
    too_old(output("go", &["env", "GOVERSION"]).as_deref())
}

/// What is wrong with the Go that calls itself so, such as `go1.26.8`; `None`: there is none.
fn too_old(version: Option<&str>) -> Option<String> {
    let type_this = "install version 1.26 or newer from https://go.dev/dl";
    let Some(version) = version else { return Some(format!("Go is missing: {type_this}")) };
    let mut numbers = version.trim().trim_start_matches("go").split('.').map(|number| number.parse().ok());
    let found = numbers.next().flatten().zip(numbers.next().flatten());
    // A version that cannot be read is one of Go's own developers.
    (found.is_some_and(|found| found < GO)).then(|| format!("Go is too old, {}: {type_this}", version.trim()))
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
    progress::tell(format_args!("installing {package} …"));
    let install =
        || succeeds("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends", package]);
    install() || (succeeds("apt-get", &["update", "--quiet"]) && install())
}

fn has(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

/// What a program prints, where it can be run.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_go_and_no_go_are_told_with_what_to_install() {
        assert_eq!(too_old(Some("go1.26.8\n")), None);
        assert_eq!(too_old(Some("go1.27")), None);
        assert_eq!(too_old(Some("devel +a1b2")), None);
        let old = too_old(Some("go1.19.8\n")).unwrap();
        assert!(old.starts_with("Go is too old, go1.19.8: install version 1.26"), "{old}");
        assert!(too_old(None).unwrap().starts_with("Go is missing: install"));
    }
}
