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
struct Part {
    /// What it is called in a sentence.
    name: &'static str,
    is_there: fn() -> bool,
    /// The arguments of rustup that add it.
    add: &'static [&'static str],
}

const TARGET: Part =
    Part { name: "the target wasm32-wasip2", is_there: has_wasm, add: &["target", "add", WASM] };
const CLIPPY: Part =
    Part { name: "clippy", is_there: || answers("clippy"), add: &["component", "add", "clippy"] };
const RUSTFMT: Part =
    Part { name: "rustfmt", is_there: || answers("fmt"), add: &["component", "add", "rustfmt"] };

/// Makes sure that policies can be built: rustup adds the target where it is missing.
///
/// # Errors
/// There is no target and rustup could not add it; the message says what to type.
pub(crate) fn require_wasm() -> anyhow::Result<()> {
    require(&TARGET)
}

/// Makes sure that everything of `rust-toolchain.toml` is there.
///
/// # Errors
/// As [`require_wasm`].
pub(crate) fn require_all() -> anyhow::Result<()> {
    [TARGET, CLIPPY, RUSTFMT].iter().try_for_each(require)
}

fn require(part: &Part) -> anyhow::Result<()> {
    if (part.is_there)() {
        return Ok(());
    }
    terminal::progress(format_args!("adding {} to Rust …", part.name));
    let mut rustup = Command::new("rustup");
    let added = rustup.args(part.add).current_dir(workspace::root()).stdin(Stdio::null()).status();
    let typed = part.add.join(" ");
    ensure!(
        added.is_ok_and(|status| status.success()) && (part.is_there)(),
        "Rust lacks {}, and rustup could not add it: type `rustup {typed}`, or install it with what installed Rust",
        part.name
    );
    Ok(())
}

/// A compiler without the target names the folder where the target would lie.
fn has_wasm() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM]).current_dir(workspace::root());
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
        let part = Part { name: "a part", is_there: || false, add: &["no-such-command", "a-part"] };

        let error = require(&part).unwrap_err().to_string();

        assert!(error.contains("type `rustup no-such-command a-part`"), "{error}");
    }

    #[test]
    fn what_is_there_is_not_added() {
        let part = Part { name: "a part", is_there: || true, add: &["no-such-command"] };

        assert!(require(&part).is_ok());
    }

    #[test]
    fn the_parts_are_those_of_the_toolchain_file() {
        let file = std::fs::read_to_string(workspace::root().join("rust-toolchain.toml")).unwrap();

        for part in [TARGET, CLIPPY, RUSTFMT] {
            let name = part.add.last().unwrap();
            assert!(file.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
