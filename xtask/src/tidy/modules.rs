//! How Rust modules look from outside: introduced, named by their file, short. Knows nothing of what they do.

use super::{Tree, Violation, tree::has_extension};

/// A file longer than this holds more than one idea.
const LONGEST: usize = 400;

/// Every Rust file begins with what it is for.
pub(super) fn introduced(tree: &Tree) -> Vec<Violation> {
    let silent = tree.rust().filter(|(_, text)| !text.starts_with("//! "));
    silent
        .map(|(path, _)| Violation::of_line(path, 1, "begin with `//! ` and what the module is for"))
        .collect()
}

/// No `mod.rs`: ten tabs of one name help nobody.
pub(super) fn no_mod_rs(tree: &Tree) -> Vec<Violation> {
    let unnamed = tree.rust().filter(|(path, _)| path.ends_with("/mod.rs"));
    unnamed.map(|(path, _)| Violation::of_file(path, "name it `foo.rs` beside the folder `foo/`")).collect()
}

/// No file that a person writes is longer than what a person reads at once.
pub(super) fn short(tree: &Tree) -> Vec<Violation> {
    let written = tree.texts().filter(|(path, _)| {
        (has_extension(path, "rs") || has_extension(path, "go")) && !path.starts_with("crates/egress-istio/")
    });
    let long = written.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    long.map(|(path, lines)| Violation::of_file(path, format!("{lines} lines, more than {LONGEST}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_introduction_is_found() {
        let tree = Tree::of(&[("a.rs", "use std::fmt;\n"), ("b.rs", "//! For this.\n")]);

        let violations = introduced(&tree);

        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].path, "a.rs");
    }

    #[test]
    fn a_module_named_mod_is_found() {
        let tree = Tree::of(&[("crates/a/src/b/mod.rs", "//! For this.\n"), ("crates/a/src/remod.rs", "")]);

        assert_eq!(no_mod_rs(&tree).len(), 1);
    }

    #[test]
    fn only_written_files_must_be_short() {
        let long = "line\n".repeat(LONGEST + 1);
        let tree = Tree::of(&[
            ("xtask/src/a.rs", &long),
            ("crates/egress-istio/src/b.rs", &long),
            ("Cargo.lock", &long),
        ]);

        let violations = short(&tree);

        assert_eq!(violations, [Violation::of_file("xtask/src/a.rs", "401 lines, more than 400")]);
    }
}
