//! The files of the repository as text, read once for all rules. Knows what git would ignore, and no rule.

use std::{fs, path::Path};

use anyhow::Context as _;
use ignore::WalkBuilder;

/// The crate that tests, the demo and benchmarks use, and no program that is released.
const TESTBED: &str = "crates/testbed/";

/// A file of the repository.
pub(super) struct SourceFile {
    /// Its path from the root of the repository, with `/` between the parts.
    pub(super) path: String,
    /// What is in it; nothing when it is not text.
    pub(super) text: Option<String>,
}

/// Every file that git would not ignore.
pub(super) struct Tree {
    /// Sorted by path.
    pub(super) files: Vec<SourceFile>,
}

impl Tree {
    /// Reads the repository at this root.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .require_git(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .sort_by_file_path(Path::cmp)
            .build();
        for entry in walk {
            let entry = entry?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let path = entry.path();
            let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
            let relative = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            files.push(SourceFile { path: relative, text: String::from_utf8(bytes).ok() });
        }
        Ok(Self { files })
    }

    /// The text files, as path and text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// The Rust files, as path and text.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| has_extension(path, "rs"))
    }

    /// The Rust files that end up in what the crates ship: no tests, no test bed, no build tasks.
    pub(super) fn shipped_rust(&self) -> impl Iterator<Item = (&str, &str)> {
        let shipped = |path: &str| path.starts_with("crates/") && !path.starts_with(TESTBED);
        self.rust().filter(move |(path, _)| shipped(path) && path.contains("/src/"))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: Some((*text).to_owned()) })
            .collect();
        Self { files }
    }
}

/// Whether the file of this path ends in `.extension`.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The lines of a Rust file that are code and run outside its tests, with their numbers. The tests of a module are
/// its last item, so all that follows their attribute is left out.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_not_code() {
        let text = "//! For this.\n// Why.\nfn f() {}\n\n#[cfg(test)]\nmod tests {}\n";

        let lines: Vec<_> = code_lines(text).collect();

        assert_eq!(lines, [(3, "fn f() {}"), (4, "")]);
    }

    #[test]
    fn this_repository_is_read_without_what_git_ignores() {
        let tree = Tree::read(&crate::workspace::root()).unwrap();

        assert!(tree.files.iter().any(|file| file.path == "Cargo.toml"));
        assert!(!tree.files.iter().any(|file| file.path.starts_with("target/")));
        assert!(!tree.files.iter().any(|file| file.path.starts_with(".git/")));
    }
}
