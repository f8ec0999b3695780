//! The test programs of the workspace, found by asking cargo, so that a new one is never forgotten.
//!
//! Knows which tier a program belongs to by its name; what belongs nowhere else is a unit test.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::Deserialize;

use super::tier::Tier;

/// A program of tests, in `tests/` of a crate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) package: String,
    pub(super) name: String,
}

impl Suite {
    /// The tier that runs this program.
    pub(super) fn tier(&self) -> Tier {
        match (self.package.as_str(), self.name.as_str()) {
            ("xtask", "mesh") => Tier::Mesh,
            ("kubectl-egress", _) => Tier::Cli,
            (_, "generate") => Tier::Generate,
            (_, "diagnose") => Tier::Diagnose,
            _ => Tier::Unit,
        }
    }
}

/// What cargo knows of the workspace.
pub(super) struct Workspace {
    /// All test programs.
    pub(super) suites: Vec<Suite>,
    /// Where programs are built to.
    pub(super) target: PathBuf,
}

/// Asks cargo.
pub(super) fn find(root: &Path) -> anyhow::Result<Workspace> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root).output().context("running cargo")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    read(&output.stdout)
}

fn read(metadata: &[u8]) -> anyhow::Result<Workspace> {
    let metadata: Metadata = serde_json::from_slice(metadata)?;
    let programs = metadata.packages.into_iter().flat_map(|package| {
        let tests =
            package.targets.into_iter().filter(|target| target.kind.iter().any(|kind| kind == "test"));
        tests.map(move |target| Suite { package: package.name.clone(), name: target.name })
    });
    Ok(Workspace { suites: programs.collect(), target: metadata.target_directory })
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_found_among_the_targets() {
        let metadata = br#"{"target_directory": "target", "packages": [{"name": "egress-core", "targets": [
            {"name": "egress_core", "kind": ["lib"]}, {"name": "generate", "kind": ["test"]}]}]}"#;

        let workspace = read(metadata).unwrap();

        assert_eq!(
            workspace.suites,
            [Suite { package: "egress-core".to_owned(), name: "generate".to_owned() }]
        );
    }

    #[test]
    fn a_program_of_an_unknown_name_is_a_unit_test() {
        let suite = |package: &str, name: &str| Suite { package: package.to_owned(), name: name.to_owned() };

        assert_eq!(suite("egress-core", "something").tier(), Tier::Unit);
        assert_eq!(suite("xtask", "mesh").tier(), Tier::Mesh);
        assert_eq!(suite("kubectl-egress", "cli").tier(), Tier::Cli);
    }
}
