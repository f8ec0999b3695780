//! The test programs of the workspace, found by asking cargo, so that a new one is never forgotten.
//!
//! Knows which tier a program belongs to by its name; what belongs nowhere else is a unit test.

use super::tier::Tier;
use crate::workspace::CargoMetadata;

/// The names of the programs that this tier runs.
pub(super) fn of_tier(workspace: &CargoMetadata, tier: Tier) -> Vec<&str> {
    let targets = workspace.packages.iter().flat_map(|package| {
        let tests = package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "test"));
        tests.map(|target| (package.name.as_str(), target.name.as_str()))
    });
    targets.filter(|(package, name)| tier_of(package, name) == tier).map(|(_, name)| name).collect()
}

fn tier_of(package: &str, name: &str) -> Tier {
    match (package, name) {
        ("xtask", "bed" | "mesh") => Tier::Mesh,
        ("xtask", "krew") => Tier::Krew,
        ("xtask", "modules") => Tier::Plugins,
        (_, "generate") => Tier::Generate,
        ("kubectl-egress", _) => Tier::Cli,
        ("egress-diagnose", _) => Tier::Diagnose,
        _ => Tier::Unit,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::{CargoTarget, Package};

    #[test]
    fn a_program_of_an_unknown_name_is_a_unit_test() {
        let target =
            |name: &str, kind: &str| CargoTarget { name: name.to_owned(), kind: vec![kind.to_owned()] };
        let package = |name: &str, targets| Package {
            name: name.to_owned(),
            version: String::new(),
            manifest_path: PathBuf::new(),
            targets,
        };
        let workspace = CargoMetadata {
            target_directory: PathBuf::from("target"),
            packages: vec![
                package("egress-core", vec![target("egress_core", "lib"), target("anything", "test")]),
                package("egress-diagnose", vec![target("fixtures", "test")]),
                package(
                    "xtask",
                    vec![
                        target("xtask", "bin"),
                        target("bed", "test"),
                        target("mesh", "test"),
                        target("load", "test"),
                    ],
                ),
                package("testbed", vec![target("external-services", "test")]),
                package("kubectl-egress", vec![target("cli", "test"), target("generate", "test")]),
            ],
        };

        assert_eq!(of_tier(&workspace, Tier::Unit), ["anything", "load", "external-services"]);
        assert_eq!(of_tier(&workspace, Tier::Generate), ["generate"]);
        assert_eq!(of_tier(&workspace, Tier::Diagnose), ["fixtures"]);
        assert_eq!(of_tier(&workspace, Tier::Cli), ["cli"]);
        assert_eq!(of_tier(&workspace, Tier::Mesh), ["bed", "mesh"]);
    }
}
