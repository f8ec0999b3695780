//! What the tasks need of Rust beyond the compiler: the target of the policies, the linter and the formatter.
//!
//! `rust-toolchain.toml` lists them, but rustup installs the list by itself only where it may (`RUSTUP_AUTO_INSTALL`), and not
//! into a toolchain that is there already. Knows rustup, and nothing of what the parts are used for.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::ensure;

use crate::{terminal, workspace};

/// The target that policies are built for.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// One part of a toolchain.
#[derive(Debug, Clone, Copy)]
enum ToolchainPart<'a> {
    /// What programs can be built for.
    Target(&'a str),
    /// A command of cargo: its component, and the word after `cargo`.
    Component(&'a str, &'a str),
}

const PARTS: [ToolchainPart<'_>; 3] = [
    ToolchainPart::Target(WASM),
    ToolchainPart::Component("clippy", "clippy"),
    ToolchainPart::Component("rustfmt", "fmt"),
];

impl ToolchainPart<'_> {
    fn is_there(self) -> bool {
        match self {
            Self::Target(triple) => has_target(triple),
            Self::Component(_, command) => answers(command),
        }
    }

    /// The arguments of rustup that add it.
    fn add(&self) -> [&str; 3] {
        match self {
            Self::Target(triple) => ["target", "add", triple],
            Self::Component(name, _) => ["component", "add", name],
        }
    }
}

/// Makes sure that policies can be built: rustup adds the target where it is missing.
///
/// # Errors
/// There is no target and rustup could not add it; the message says what to type.
pub(crate) fn require_wasm() -> anyhow::Result<()> {
    require_target(WASM)
}

/// Makes sure that programs can be built for a target: rustup adds it where it is missing.
///
/// # Errors
/// As [`require_wasm`].
pub(crate) fn require_target(triple: &str) -> anyhow::Result<()> {
    require(ToolchainPart::Target(triple))
}

/// Makes sure that everything of `rust-toolchain.toml` is there.
///
/// # Errors
/// As [`require_wasm`].
pub(crate) fn require_all() -> anyhow::Result<()> {
    PARTS.into_iter().try_for_each(require)
}

fn require(part: ToolchainPart<'_>) -> anyhow::Result<()> {
    if part.is_there() {
        return Ok(());
    }
    let add = part.add();
    terminal::progress(format_args!("adding the {} {} to Rust …", add[0], add[2]));
    let mut rustup = Command::new("rustup");
    let added = rustup.args(add).current_dir(workspace::root()).stdin(Stdio::null()).status();
    let [kind, _, name] = add;
    ensure!(
        added.is_ok_and(|status| status.success()) && part.is_there(),
        "Rust lacks the {kind} {name}, and rustup could not add it: type `rustup {}`, or install it with what installed Rust",
        add.join(" ")
    );
    Ok(())
}

/// A compiler without the target names the folder where the target would lie.
fn has_target(triple: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", triple]).current_dir(workspace::root());
    let output = rustc.stderr(Stdio::null()).output();
    output.is_ok_and(|output| {
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        output.status.success() && folder.is_dir()
    })
}

/// Whether cargo has this command.
fn answers(command: &str) -> bool {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--version"]).current_dir(workspace::root());
    cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    cargo.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_added_is_an_error_that_says_what_to_type() {
        let error = require(ToolchainPart::Target("no-such-target")).unwrap_err().to_string();

        assert!(error.contains("type `rustup target add no-such-target`"), "{error}");
    }

    #[test]
    fn what_is_there_is_not_added() {
        assert!(require(ToolchainPart::Component("no-such-component", "fmt")).is_ok());
    }

    #[test]
    fn the_parts_are_those_of_the_toolchain_file() {
        let file = std::fs::read_to_string(workspace::root().join("rust-toolchain.toml")).unwrap();

        for part in PARTS {
            let [_, _, name] = part.add();
            assert!(file.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
