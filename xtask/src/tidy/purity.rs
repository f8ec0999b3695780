//! The deciding crates are functions of values: they read no file, no variable, no clock, and start nothing.
//!
//! Looks at the source as text; what a dependency could do is for the rule about dependencies.

use super::{Tree, Violation, tree::code_lines};

/// The crates that decide.
pub(super) const DECIDING_CRATES: &[&str] = &[
    "egress-core",
    "egress-diagnose",
    "egress-istio",
    "egress-policy",
    "egress-policy-test",
    "egress-render",
];

const WORLD: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];

/// No source of a deciding crate names a part of the world.
pub(super) fn deciding_crates(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.shipped_rust().filter(|(path, _)| decides(path)) {
        for (number, line) in code_lines(text) {
            let named = WORLD.iter().filter(|name| line.contains(*name));
            violations.extend(named.map(|name| {
                Violation::of_line(path, number, format!("`{name}`: take the value as a parameter instead"))
            }));
        }
    }
    violations
}

fn decides(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|name| DECIDING_CRATES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_a_deciding_crate_is_found() {
        let tree = Tree::of(&[("crates/egress-core/src/a.rs", "//! A.\nlet now = Timestamp::now();\n")]);

        let violations = deciding_crates(&tree);

        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].line, Some(2));
    }

    #[test]
    fn the_crate_that_speaks_to_the_cluster_may_use_a_clock() {
        let tree = Tree::of(&[("crates/egress-cluster/src/a.rs", "let start = Instant::now();\n")]);

        assert_eq!(deciding_crates(&tree), []);
    }
}
