//! A module of a crate as its text has it: what it declares, what it imports, and which paths its code names.
//!
//! Does not know where a path leads.

use std::collections::{BTreeMap, BTreeSet};

use syn::UseTree;

/// The segments of a path, such as `crate`, `tidy`, `Rule`.
pub(super) type Segments = Vec<String>;

/// What one module declares and names.
#[derive(Debug, Default)]
pub(super) struct RustModule {
    /// Its file, from the root of the repository.
    pub(super) file: String,
    /// Child modules that are in a file of their own.
    pub(super) children: BTreeSet<String>,
    /// Child modules that are written in this file.
    pub(super) inline: BTreeMap<String, RustModule>,
    /// The names of its functions, types, constants and traits.
    pub(super) items: BTreeSet<String>,
    /// The names that its `use` declarations bring.
    pub(super) bindings: BTreeMap<String, Binding>,
    /// The modules of `use …::*`.
    pub(super) globs: Vec<Binding>,
    /// The paths that its code names.
    pub(super) named: BTreeSet<Segments>,
}

/// One name of a `use` declaration.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) path: Segments,
    /// Whether others may take the name from here.
    pub(super) is_public: bool,
}

impl RustModule {
    /// Adds the names of a `use` declaration.
    pub(super) fn import(&mut self, tree: &UseTree, mut path: Segments, is_public: bool) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(&step.tree, path, is_public);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), is_public);
                }
            }
            UseTree::Glob(_) => self.globs.push(Binding { path, is_public }),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name != "self" {
                    path.push(name);
                }
                self.bind(path.last().cloned(), path, is_public);
            }
            UseTree::Rename(rename) => {
                let name = rename.ident.to_string();
                if name != "self" {
                    path.push(name);
                }
                self.bind(Some(rename.rename.to_string()), path, is_public);
            }
        }
    }

    fn bind(&mut self, name: Option<String>, path: Segments, is_public: bool) {
        if let Some(name) = name {
            self.bindings.insert(name, Binding { path, is_public });
        }
    }
}
