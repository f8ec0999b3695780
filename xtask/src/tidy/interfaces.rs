//! Released interfaces stay as they are: modules were built for them, and a changed one would stop loading, or mean
//! something else. Knows which directories are released, and what was in them.

use std::collections::BTreeMap;

use egress_core::digest::sha256;

use super::{Tree, Violation};

const FOLDER: &str = "wit/";
/// Each directory of `wit/` and the digest of what is in it.
const RELEASED: &[(&str, &str)] =
    &[("policy-0.1.0", "ba9c4b7a6590f8836ce3f2ca0d17c618065ff6f3fc6763ede37b3c50b7c81119")];

/// Every directory of interfaces is a released one, and is what was released.
pub(super) fn frozen(tree: &Tree) -> Vec<Violation> {
    check(tree, RELEASED)
}

fn check(tree: &Tree, released: &[(&str, &str)]) -> Vec<Violation> {
    let mut directories: BTreeMap<&str, String> =
        released.iter().map(|(directory, _)| (*directory, String::new())).collect();
    // Sorted by path, so that the digest of a directory is always made in the same order.
    for (path, text) in tree.texts() {
        let Some((directory, file)) = path.strip_prefix(FOLDER).and_then(|path| path.split_once('/')) else {
            continue;
        };
        let content = directories.entry(directory).or_default();
        content.extend([&format!("{file} {}\n", text.len()), text]);
    }
    let found = directories.into_iter().map(|(directory, content)| (directory, sha256(content)));
    found.filter_map(|(directory, digest)| violation(directory, &digest, released)).collect()
}

fn violation(directory: &str, digest: &str, released: &[(&str, &str)]) -> Option<Violation> {
    let path = format!("{FOLDER}{directory}");
    match released.iter().find(|(name, _)| *name == directory) {
        Some((_, expected)) if *expected == digest => None,
        Some(_) => Some(Violation::of_file(
            &path,
            "a released directory is never edited: modules were built for it. Take the change back, and write the \
             wish into wit/PENDING.md",
        )),
        None => Some(Violation::of_file(
            &path,
            format!("not known: once it is released, add it with {digest} to the table of this rule"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 2] =
        [("wit/policy-9.0.0/a.wit", "interface a {}\n"), ("wit/PENDING.md", "# Wishes\n")];

    fn digest() -> String {
        sha256("a.wit 15\ninterface a {}\n")
    }

    #[test]
    fn a_released_directory_may_stay() {
        assert_eq!(check(&Tree::of(&FILES), &[("policy-9.0.0", &digest())]), []);
    }

    #[test]
    fn a_changed_an_added_and_a_removed_file_are_found() {
        let digest = digest();
        let released = [("policy-9.0.0", digest.as_str())];
        let changed = [("wit/policy-9.0.0/a.wit", "interface b {}\n")];
        let added = [FILES[0], ("wit/policy-9.0.0/b.wit", "")];
        for files in [&changed[..], &added[..], &FILES[1..]] {
            let violations = check(&Tree::of(files), &released);
            assert_eq!(violations.len(), 1, "{files:?}");
            assert!(violations[0].message.contains("wit/PENDING.md"), "{}", violations[0]);
        }
    }

    #[test]
    fn a_directory_that_nobody_released_is_found() {
        let violations = check(&Tree::of(&FILES), &[]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains(&digest()), "{}", violations[0]);
    }
}
