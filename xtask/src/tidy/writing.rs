//! One crate writes files, so that no link is followed and no file is seen half written, wherever one is written. Knows no
//! file.

use super::{Tree, Violation, tree::code_lines};

/// The crate that writes, and a function for the tests of policies' authors.
const WRITERS: &[&str] = &["crates/egress-files/src/", "crates/egress-policy-sdk/src/schema.rs"];
const WRITING: &[&str] = &[
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "fs::set_permissions",
    "fs::remove_file",
    "fs::remove_dir",
    "fs::create_dir",
    "File::create",
    "OpenOptions",
    "tempfile",
];

/// No other file of the crates writes, renames or takes away files.
pub(super) fn one_way(tree: &Tree) -> Vec<Violation> {
    let others = |path: &str| !WRITERS.iter().any(|writer| path.starts_with(writer));
    let mut violations = Vec::new();
    for (path, text) in tree.shipped_rust().filter(|(path, _)| others(path)) {
        // Tests of a module may be a file of their own.
        if path.ends_with("/tests.rs") {
            continue;
        }
        for (number, line) in code_lines(text) {
            if let Some(found) = WRITING.iter().find(|name| line.contains(*name)) {
                violations.push(Violation::of_line(
                    path,
                    number,
                    format!("`{found}`: write through egress-files"),
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_beside_the_one_way_is_found() {
        let tree = Tree::of(&[
            ("crates/kubectl-egress/src/a.rs", "fs::write(path, text)?;\nlet file = File::create(path)?;\n"),
            ("crates/egress-files/src/folder.rs", "OpenOptions::new();\n"),
            ("crates/kubectl-egress/tests/cli.rs", "fs::write(path, text);\n"),
            (
                "crates/kubectl-egress/src/b.rs",
                "//! A.\n#[cfg(test)]\nmod tests { fn f() { fs::write(a, b); } }\n",
            ),
        ]);

        let violations = one_way(&tree);

        assert_eq!(violations.len(), 2);
        assert_eq!(violations[0].line, Some(1));
    }
}
