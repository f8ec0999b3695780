//! A type name has one meaning: with a `Row` in six modules, a reader must look up which one each line is about.
//!
//! Reads the types that the sources define, without their tests. Does not know what a name means: it counts the files
//! that define it.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Ident, Item};

use super::{Tree, Violation, items};

/// So many files may define types of one name.
const MOST: usize = 2;

/// Names that each module may give to a type of its own, and why.
const CONVENTIONS: &[(&str, &str)] =
    &[("Options", "always the flags or settings of the module that it is in")];

/// Generated files, whose names are Istio's.
const GENERATED: &str = "crates/egress-istio/";

/// No more than [`MOST`] files define types of the same name.
pub(super) fn unique(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut files: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (path, text) in tree.rust().filter(|(path, _)| is_source(path)) {
        match syn::parse_file(text) {
            Ok(file) => {
                let mut reader = TypeNameReader::default();
                reader.visit_file(&file);
                for name in reader.names {
                    files.entry(name).or_default().insert(path);
                }
            }
            Err(error) => violations.push(Violation::of_file(path, format!("cannot be read: {error}"))),
        }
    }
    let is_convention = |name: &str| CONVENTIONS.iter().any(|(convention, _)| *convention == name);
    files.retain(|name, _| !is_convention(name));
    violations.extend(files.iter().filter_map(|(name, files)| many(name, files)));
    violations
}

fn many(name: &str, files: &BTreeSet<&str>) -> Option<Violation> {
    let meanings: BTreeSet<String> = files.iter().map(|file| meaning(file)).collect();
    (meanings.len() > MOST).then(|| {
        let count = meanings.len();
        let list: Vec<String> = files.iter().map(|file| format!("    {file}")).collect();
        let first = files.first().copied().unwrap_or_default();
        let message = format!(
            "`{name}` is {count} types, more than {MOST}: say in the name what each of them is\n{}",
            list.join("\n")
        );
        Violation::of_file(first, message)
    })
}

/// What files have in common whose types of one name mean the same: the flags of a command in `cli` and their values in
/// `settings`.
fn meaning(file: &str) -> String {
    file.replace("/src/cli/", "/src/settings/")
}

/// Whether a file is a source of a crate, and neither a test nor generated.
fn is_source(path: &str) -> bool {
    let (folder, file) = path.split_once("/src/").unwrap_or_default();
    let is_crate =
        folder == "xtask" || folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'));
    let is_test = file.split('/').any(|part| ["tests", "tests.rs"].contains(&part));
    is_crate && !is_test && !path.starts_with(GENERATED)
}

/// Collects the names of types.
#[derive(Default)]
struct TypeNameReader {
    names: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for TypeNameReader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !items::is_test(item) {
            self.names.extend(name(item).map(Ident::to_string));
            visit::visit_item(self, item);
        }
    }
}

fn name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Enum(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of files with these paths and this text.
    fn found(paths: &[&str], text: &str) -> Vec<Violation> {
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (*path, text)).collect();
        unique(&Tree::of(&files))
    }

    const THREE: [&str; 3] = ["crates/x/src/a.rs", "crates/y/src/b.rs", "xtask/src/c.rs"];

    #[test]
    fn a_name_in_three_files_is_found_with_the_files() {
        let violations = found(&THREE, "pub struct Row;");

        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].path, "crates/x/src/a.rs");
        assert_eq!(
            violations[0].message,
            "`Row` is 3 types, more than 2: say in the name what each of them is\n    crates/x/src/a.rs\n    \
             crates/y/src/b.rs\n    xtask/src/c.rs"
        );
    }

    #[test]
    fn every_sort_of_type_counts_also_inside_of_functions_and_modules() {
        for text in ["enum Row {}", "trait Row {}", "type Row = u8;", "union Row { a: u8 }"] {
            assert_eq!(found(&THREE, text).len(), 1, "{text}");
        }
        assert_eq!(found(&THREE, "fn f() { struct Row; }").len(), 1);
        assert_eq!(found(&THREE, "mod inner { struct Row; }").len(), 1);
    }

    #[test]
    fn two_files_may_have_the_same_name() {
        assert_eq!(found(&THREE[..2], "struct Row;"), []);
    }

    #[test]
    fn associated_types_are_no_names_of_their_own() {
        assert_eq!(found(&THREE, "impl Iterator for A { type Row = u8; }"), []);
    }

    #[test]
    fn tests_and_generated_files_do_not_count() {
        assert_eq!(found(&THREE, "#[cfg(test)]\nmod tests { struct Row; }"), []);
        assert_eq!(found(&THREE, "#[cfg(test)]\nenum Row {}"), []);
        let outside =
            ["crates/x/tests/a.rs", "crates/x/src/a/tests.rs", "fuzz/src/lib.rs", "plugins/p/src/lib.rs"];
        assert_eq!(found(&[&THREE[..2], &outside].concat(), "struct Row;"), []);
        assert_eq!(found(&[&THREE[..2], &["crates/egress-istio/src/a.rs"]].concat(), "struct Row;"), []);
    }

    #[test]
    fn flags_and_their_values_are_one_meaning() {
        let of =
            |name: &str| [format!("crates/k/src/cli/{name}.rs"), format!("crates/k/src/settings/{name}.rs")];
        let (add, list, remove) = (of("add"), of("list"), of("remove"));
        let paths: Vec<&str> = add.iter().chain(&list).map(String::as_str).collect();
        assert_eq!(found(&paths, "struct Add;"), []);
        let paths: Vec<&str> = add.iter().chain(&list).chain(&remove).map(String::as_str).collect();
        assert_eq!(found(&paths, "struct Add;").len(), 1);
    }

    #[test]
    fn a_convention_may_be_everywhere() {
        assert_eq!(found(&THREE, "struct Options;"), []);
    }
}
