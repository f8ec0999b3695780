//! What the crates may depend on: the deciding ones on nothing that touches the world, one of them on the engine for
//! policies, the released program not on the test bed, all of them on one Kubernetes client and one TLS provider. Asks
//! cargo; knows no source.

use std::process::Command;

use anyhow::Context as _;

use super::{Tree, Violation, purity::DECIDING_CRATES};
use crate::workspace;

/// What speaks to networks, runs tasks or runs foreign code.
const WORLDLY: &[&str] = &["hyper", "kube-client", "tokio", "wasmtime"];
/// What runs modules of strangers.
const ENGINE: &str = "wasmtime";
/// The crate that knows how.
const ENGINE_CRATE: &str = "egress-policy-wasm";
/// Whose dependency trees the engine is in.
const ENGINE_PROGRAMS: &[&str] = &[ENGINE_CRATE, PROGRAM];
/// The program that is released.
const PROGRAM: &str = "kubectl-egress";
/// What no released program is built with.
const TESTBED: &str = "testbed";
/// Two of these in one program do not fit together: types of one are not types of the other.
const ONCE: &[&str] = &["k8s-openapi", "kube", "kube-client", "kube-core", "rustls", "wasmtime"];
/// The second TLS provider makes rustls panic for want of a choice, and needs cmake to build.
const NEVER: &[&str] = &["aws-lc-rs", "openssl-sys"];

/// The dependency trees of the deciding crates are free of runtimes and clients.
pub(super) fn pure_crates(tree: &Tree) -> Vec<Violation> {
    let manifests = DECIDING_CRATES.iter().map(|name| (name, format!("crates/{name}/Cargo.toml")));
    manifests
        .filter(|(_, manifest)| tree.texts().any(|(path, _)| path == manifest))
        .flat_map(|(name, manifest)| match dependency_names(name) {
            Ok(names) => worldly(&manifest, &names),
            Err(error) => vec![Violation::of_file(&manifest, format!("not checked: {error:#}"))],
        })
        .collect()
}

/// `Cargo.lock` has one version of what must not be there twice, and nothing that must not be there.
pub(super) fn locked_once(tree: &Tree) -> Vec<Violation> {
    let path = "Cargo.lock";
    let Some((_, lock)) = tree.texts().find(|(found, _)| *found == path) else {
        return vec![Violation::of_file(path, "commit it: programs are built with what was tested")];
    };
    let count = |name: &str| lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
    let twice =
        ONCE.iter().filter(|name| count(name) > 1).map(|name| format!("{} versions of {name}", count(name)));
    let never = NEVER.iter().filter(|name| count(name) > 0).map(|name| format!("{name} must not be linked"));
    twice.chain(never).map(|message| Violation::of_file(path, message)).collect()
}

/// The engine for policies is named by one crate, and gets into one program.
pub(super) fn engine_in_one_crate(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.texts() {
        let Some(name) = path.strip_prefix("crates/").and_then(|path| path.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        if name != ENGINE_CRATE && text.lines().any(|line| line.starts_with(ENGINE)) {
            violations.push(Violation::of_file(path, format!("names {ENGINE}: ask {ENGINE_CRATE} instead")));
        }
        if ENGINE_PROGRAMS.contains(&name) {
            continue;
        }
        match dependency_names(name) {
            Ok(names) if has(&names, ENGINE) => {
                violations
                    .push(Violation::of_file(path, format!("depends on {ENGINE}, which it has no use for")));
            }
            Ok(_) => (),
            Err(error) => violations.push(Violation::of_file(path, format!("not checked: {error:#}"))),
        }
    }
    violations
}

/// The released program is built without the test bed.
pub(super) fn testbed_stays_here(tree: &Tree) -> Vec<Violation> {
    let manifest = format!("crates/{PROGRAM}/Cargo.toml");
    if !tree.texts().any(|(path, _)| path == manifest) {
        return Vec::new();
    }
    match dependency_names(PROGRAM) {
        Ok(names) if has(&names, TESTBED) => {
            vec![Violation::of_file(&manifest, format!("depends on {TESTBED}, which is for tests alone"))]
        }
        Ok(_) => Vec::new(),
        Err(error) => vec![Violation::of_file(&manifest, format!("not checked: {error:#}"))],
    }
}

/// The names of all crates that this one is built with, itself included.
fn dependency_names(name: &str) -> anyhow::Result<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(workspace::root())
        .output()
        .context("running cargo tree")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn worldly(manifest: &str, names: &str) -> Vec<Violation> {
    WORLDLY
        .iter()
        .filter(|worldly| has(names, worldly))
        .map(|name| Violation::of_file(manifest, format!("depends on {name}, and decides without the world")))
        .collect()
}

fn has(names: &str, wanted: &str) -> bool {
    names.lines().any(|line| line.split(' ').next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_anywhere_in_the_tree_is_found() {
        let violations =
            worldly("Cargo.toml", "egress-core v0.1.0 (path)\nserde v1.0.0\ntokio v1.50.0 (*)\n");

        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("depends on tokio"));
    }

    #[test]
    fn a_crate_whose_name_only_begins_alike_is_not_one() {
        assert_eq!(worldly("Cargo.toml", "tokio-macros v2.0.0\n"), []);
    }

    #[test]
    fn an_engine_in_another_crate_is_found() {
        let manifest = "[dependencies]\nwasmtime.workspace = true\n";
        let tree = Tree::of(&[
            ("crates/egress-policy-wasm/Cargo.toml", manifest),
            ("crates/kubectl-egress/Cargo.toml", manifest),
        ]);

        let violations = engine_in_one_crate(&tree);

        let expected = "names wasmtime: ask egress-policy-wasm instead";
        assert_eq!(violations, [Violation::of_file("crates/kubectl-egress/Cargo.toml", expected)]);
    }

    #[test]
    fn a_second_client_is_found_in_the_lock_file() {
        let kube = "[[package]]\nname = \"kube\"\nversion = \"4.0.0\"\n";
        let tree = Tree::of(&[("Cargo.lock", &kube.repeat(2))]);

        let violations = locked_once(&tree);

        assert_eq!(violations, [Violation::of_file("Cargo.lock", "2 versions of kube")]);
    }
}
