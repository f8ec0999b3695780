//! Files import each other in one direction: a circle of modules can only be understood, moved and tested as a whole.
//!
//! Reads the imports of all crates as Rust does, without their tests. Does not know which direction would be right.

use std::collections::{BTreeMap, BTreeSet};

use self::graph::Graph;
use self::package::Package;
use super::{Tree, Violation};

mod graph;
mod module;
mod package;
mod reader;

/// A circle of so many files can still be read at once.
const LARGEST: usize = 3;

/// No circle of imports is larger than [`LARGEST`].
pub(super) fn small(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let graph = imports(tree, &mut violations);
    let circles = graph.circles().into_iter().filter(|circle| circle.len() > LARGEST);
    violations.extend(circles.map(|circle| told(&graph, &circle)));
    violations
}

/// The imports of all crates. A file that is not Rust becomes a violation.
fn imports(tree: &Tree, violations: &mut Vec<Violation>) -> Graph {
    let texts: BTreeMap<&str, &str> = tree.rust().collect();
    let mut graph = Graph::default();
    for root in texts.keys().filter(|path| is_root(path)) {
        match Package::read(root, |file| texts.get(file).copied()) {
            Ok(package) => package.imports(&mut graph),
            Err(error) => {
                violations.push(Violation::of_file(root, format!("a module of it cannot be read: {error}")));
            }
        }
    }
    graph
}

/// Crates whose top modules are layers.
const LAYERED: &[&str] = &["crates/egress-diagnose/src/"];

/// No two top modules of a layered crate import each other, not even through others.
pub(super) fn layered(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let graph = imports(tree, &mut violations);
    for folder in LAYERED {
        let layers =
            graph.merged(|file| Some(file.strip_prefix(folder)?.split(['/', '.']).next()?.to_owned()));
        let tied = layers.circles().into_iter().map(|circle| {
            let modules: Vec<&str> = circle.into_iter().collect();
            Violation::of_file(
                folder,
                format!("{} import each other: one is above the other", modules.join(", ")),
            )
        });
        violations.extend(tied);
    }
    violations
}

fn is_root(path: &str) -> bool {
    let (folder, file) = path.rsplit_once("/src/").unwrap_or_default();
    let is_crate =
        folder == "xtask" || folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'));
    is_crate && ["lib.rs", "main.rs"].contains(&file)
}

fn told(graph: &Graph, circle: &BTreeSet<&str>) -> Violation {
    let imports: Vec<String> = graph.within(circle).map(|(from, to)| format!("    {from} -> {to}")).collect();
    let first = circle.first().copied().unwrap_or_default();
    let files = circle.len();
    let message = format!(
        "{files} files import each other, more than {LARGEST}: move what they share below them\n{}",
        imports.join("\n")
    );
    Violation::of_file(first, message)
}

#[cfg(test)]
mod tests;
