//! Reads the text of one file as a module, without its tests.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, ImplItem, Item, ItemMod, ItemUse, Macro, Visibility};

use super::module::{RustModule, Segments};
use crate::tidy::items;

/// Reads a file.
pub(super) fn read(file: &str, text: &str) -> syn::Result<RustModule> {
    let File { items, .. } = syn::parse_file(text)?;
    Ok(module(file, &items))
}

fn module(file: &str, items: &[Item]) -> RustModule {
    let items_named = items.iter().filter_map(name).collect();
    let mut reader =
        ModuleReader(RustModule { file: file.to_owned(), items: items_named, ..RustModule::default() });
    for item in items {
        reader.visit_item(item);
    }
    reader.0
}

struct ModuleReader(RustModule);

impl ModuleReader {
    /// Paths in the arguments of a macro, which are only tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.name(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.name(path);
    }

    fn name(&mut self, path: Segments) {
        if !path.is_empty() {
            self.0.named.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for ModuleReader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !items::is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !items::is_test_function(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.0.import(&item.tree, Segments::new(), !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        match &item.content {
            Some((_, items)) => drop(self.0.inline.insert(name, module(&self.0.file, items))),
            None => drop(self.0.children.insert(name)),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.visit_path(&called.path);
        self.tokens(called.tokens.clone());
    }

    /// `pub(in path)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
