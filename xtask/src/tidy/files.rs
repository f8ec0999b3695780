//! What holds for files of every kind: text, without trailing whitespace, true on every machine. Knows no language.

use super::{Tree, Violation, tree::has_extension};

/// Folders that people's home directories lie in: a path into one is true on one machine only.
const HOMES: &[&str] = &["Users", "home", "root"];
/// What the plugin is given and what it must print, to the byte.
const CASES: &str = "tests/";

/// No line ends in a blank.
pub(super) fn no_trailing_whitespace(tree: &Tree) -> Vec<Violation> {
    let written = tree.texts().filter(|(path, _)| !path.starts_with(CASES) || has_extension(path, "go"));
    written
        .flat_map(|(path, text)| {
            let blank = text.lines().enumerate().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
            blank.map(move |(index, _)| Violation::of_line(path, index + 1, "trailing whitespace"))
        })
        .collect()
}

/// No file names a place that exists on one machine only.
pub(super) fn no_machine_paths(tree: &Tree) -> Vec<Violation> {
    let homes: Vec<_> = HOMES.iter().map(|name| format!("/{name}/")).collect();
    tree.texts()
        .flat_map(|(path, text)| {
            let homes = &homes;
            text.lines().enumerate().filter_map(move |(index, line)| {
                let home = homes.iter().find(|home| line.contains(home.as_str()))?;
                Some(Violation::of_line(path, index + 1, format!("`{home}…` is a path of one machine")))
            })
        })
        .collect()
}

/// Everything can be read, compared and reviewed.
pub(super) fn text_only(tree: &Tree) -> Vec<Violation> {
    let kept = tree.files.iter().filter(|file| !file.path.starts_with(CASES));
    let binary = kept.filter(|file| file.text.as_ref().is_none_or(|text| text.contains('\0')));
    binary.map(|file| Violation::of_file(&file.path, "not text: build it, or say how to get it")).collect()
}

/// The licence lies where everybody looks for it.
pub(super) fn licence(tree: &Tree) -> Vec<Violation> {
    let there = tree.texts().any(|(path, text)| path == "LICENSE" && text.contains("Apache License"));
    if there { Vec::new() } else { vec![Violation::of_file("LICENSE", "the Apache License belongs here")] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_blanks_are_found_but_for_expected_output() {
        let tree = Tree::of(&[("a.md", "one \ntwo\n"), ("tests/cli/a/stdout", "NAME   \n")]);

        assert_eq!(no_trailing_whitespace(&tree), [Violation::of_line("a.md", 1, "trailing whitespace")]);
    }

    #[test]
    fn a_path_into_a_home_directory_is_found() {
        let text = format!("cd /{}/me\n", HOMES[1]);
        let tree = Tree::of(&[("a.md", &text), ("b.md", "https://example.org/homes\n")]);

        let violations = no_machine_paths(&tree);

        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].path, "a.md");
    }

    #[test]
    fn a_file_that_is_not_text_is_found() {
        let tree = Tree::of(&[("a.bin", "\0"), ("b.txt", "b"), ("tests/cli/binary/stdin", "\0")]);

        assert_eq!(text_only(&tree).len(), 1);
    }

    #[test]
    fn a_missing_licence_is_found() {
        assert_eq!(licence(&Tree::of(&[("README.md", "")])).len(), 1);
        assert_eq!(licence(&Tree::of(&[("LICENSE", "Apache License\n")])), []);
    }
}
