//! A list that is called `ALL` names every variant of its type: the compiler does not ask for one that was forgotten.
//!
//! Reads the text of all crates as Rust. Knows nothing of what a list is for.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Expr, ImplItem, ItemEnum, ItemImpl, Type};

use super::{Tree, Violation};

/// What the list of all variants is called.
const LIST: &str = "ALL";

/// Every list names all of them.
pub(super) fn complete(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut crates: BTreeMap<&str, Declarations> = BTreeMap::new();
    for (path, text) in tree.rust() {
        let Some((package, _)) = path.split_once("/src/") else { continue };
        match syn::parse_file(text) {
            Ok(file) => {
                let declarations = crates.entry(package).or_default();
                path.clone_into(&mut declarations.file);
                declarations.visit_file(&file);
            }
            Err(error) => {
                violations.push(Violation::of_file(path, format!("it cannot be read as Rust: {error}")));
            }
        }
    }
    violations.extend(crates.values().flat_map(Declarations::incomplete));
    violations
}

/// The types and the lists of one crate.
#[derive(Default)]
struct Declarations {
    /// The file that is read.
    file: String,
    /// By name and file: names may be used twice in a crate.
    variants: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    lists: Vec<VariantList>,
}

/// A list of all variants.
struct VariantList {
    file: String,
    of: String,
    names: BTreeSet<String>,
}

impl Declarations {
    fn incomplete(&self) -> Vec<Violation> {
        let missing = self.lists.iter().filter_map(|list| {
            let types = self.variants.get(&list.of)?;
            let variants = types.get(&list.file).or_else(|| types.values().next())?;
            let missing: Vec<&str> = variants.difference(&list.names).map(String::as_str).collect();
            let told = || format!("`{}::{LIST}` is without {}", list.of, missing.join(", "));
            (!missing.is_empty()).then(|| Violation::of_file(&list.file, told()))
        });
        missing.collect()
    }
}

impl<'ast> Visit<'ast> for Declarations {
    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        let variants = item.variants.iter().map(|variant| variant.ident.to_string()).collect();
        self.variants.entry(item.ident.to_string()).or_default().insert(self.file.clone(), variants);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let lists = item.items.iter().filter_map(|found| match found {
            ImplItem::Const(found) if found.ident == LIST => Some(&found.expr),
            _ => None,
        });
        if let Type::Path(of) = &*item.self_ty
            && let Some(of) = of.path.segments.last()
        {
            self.lists.extend(lists.map(|list| {
                let mut names = Names::default();
                names.visit_expr(list);
                VariantList { file: self.file.clone(), of: of.ident.to_string(), names: names.0 }
            }));
        }
        visit::visit_item_impl(self, item);
    }
}

/// The last names of all paths in a list.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        if let Expr::Path(path) = expression {
            self.0.extend(path.path.segments.last().map(|segment| segment.ident.to_string()));
        }
        visit::visit_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "//! For this.\nenum Form { Round, Square }\n";

    #[test]
    fn a_variant_that_the_list_forgets_is_found_wherever_the_list_is() {
        let list = "//! For this.\nimpl Form { const ALL: [Form; 1] = [Form::Round]; }\n";
        let together = format!("{TYPE}{}", list.replace("//! For this.\n", ""));
        let apart = [("crates/a/src/form.rs", TYPE), ("crates/a/src/lists.rs", list)];

        for files in [&[("crates/a/src/form.rs", together.as_str())][..], &apart[..]] {
            let violations = complete(&Tree::of(files));

            assert_eq!(violations.len(), 1, "{files:?}");
            assert!(violations[0].message.ends_with("`Form::ALL` is without Square"), "{}", violations[0]);
        }
    }

    #[test]
    fn a_list_of_all_variants_is_right_and_so_is_another_type_of_the_same_name() {
        let whole = "//! For this.\nimpl Form { const ALL: [Self; 2] = [Self::Square, Self::Round]; }\n";
        let other = "//! For this.\nenum Form { Long }\nimpl Form { const ALL: [Form; 1] = [Form::Long]; }\n";
        let files = [
            ("crates/a/src/form.rs", TYPE),
            ("crates/a/src/whole.rs", whole),
            ("crates/a/src/zzz.rs", other),
            ("crates/b/src/form.rs", other),
        ];

        assert_eq!(complete(&Tree::of(&files)), []);
    }

    #[test]
    fn this_repository_has_lists() {
        let tree = Tree::read(&crate::workspace::root()).unwrap();
        let mut found = Declarations::default();
        for (_, text) in tree.rust() {
            found.visit_file(&syn::parse_file(text).unwrap());
        }

        let lists: BTreeSet<&str> = found.lists.iter().map(|list| list.of.as_str()).collect();
        assert!(["Hook", "Kind", "Layout", "Role"].iter().all(|name| lists.contains(name)), "{lists:?}");
    }
}
