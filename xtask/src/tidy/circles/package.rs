//! The modules of one crate, and where a path in one of them leads: to the file that defines what is named.
//!
//! A name that a module only hands on counts for the file that defines it. Names of other crates lead nowhere.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::module::{Binding, RustModule, Segments};
use super::reader;

/// A re-export of a re-export, and so on: no crate has more steps.
const STEPS: usize = 16;

/// The modules of a crate, by their path from its root.
#[derive(Debug, Default)]
pub(super) struct Package {
    modules: BTreeMap<Segments, RustModule>,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathTarget<'p> {
    /// A whole module.
    Module,
    /// A definition in this file.
    Item(&'p str),
}

impl Package {
    /// Reads the modules below a root such as `src/lib.rs`; `text` gives the text of a file.
    pub(super) fn read<'t>(root: &str, text: impl Fn(&str) -> Option<&'t str>) -> syn::Result<Self> {
        let mut package = Package::default();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut left = vec![(Segments::new(), root.to_owned(), folder)];
        while let Some((path, file, folder)) = left.pop() {
            let Some(text) = text(&file) else { continue };
            let module = reader::read(&file, text)?;
            for child in &module.children {
                let path = [path.as_slice(), std::slice::from_ref(child)].concat();
                left.push((path, format!("{folder}/{child}.rs"), format!("{folder}/{child}")));
            }
            package.add(path, module);
        }
        Ok(package)
    }

    fn add(&mut self, path: Segments, mut module: RustModule) {
        for (name, inner) in std::mem::take(&mut module.inline) {
            module.children.insert(name.clone());
            self.add([path.as_slice(), &[name]].concat(), inner);
        }
        self.modules.insert(path, module);
    }

    /// Adds the imports of all modules to a graph.
    pub(super) fn imports(&self, graph: &mut Graph) {
        for (path, module) in &self.modules {
            let used = module.bindings.values().filter(|binding| !binding.is_public);
            let named = used.map(|binding| &binding.path).chain(&module.named);
            for target in named.filter_map(|named| self.resolve(path, named, STEPS)) {
                if let PathTarget::Item(file) = target {
                    graph.add(&module.file, file);
                }
            }
            let globs = module.globs.iter().filter(|glob| !glob.is_public);
            for target in globs.filter_map(|glob| self.module(path, &glob.path, STEPS)) {
                if let Some(target) = self.modules.get(&target) {
                    graph.add(&module.file, &target.file);
                }
            }
        }
    }

    /// What a path in a module names.
    fn resolve(&self, at: &[String], path: &[String], steps: usize) -> Option<PathTarget<'_>> {
        let steps = steps.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => return self.resolve_in(&[], rest, steps),
            "self" => return self.resolve_in(at, rest, steps),
            "super" => return self.resolve_in(at.split_last()?.1, rest, steps),
            _ => {}
        }
        let module = self.modules.get(at)?;
        let is_child = module.children.contains(first);
        match module.bindings.get(first).filter(|_| !is_child || rest.is_empty()) {
            Some(Binding { path: bound, .. }) if bound.first() == Some(first) && bound.len() == 1 => None,
            Some(Binding { path: bound, .. }) => self.resolve(at, &[bound.as_slice(), rest].concat(), steps),
            None if is_child => self.resolve_in(at, path, steps),
            None => None,
        }
    }

    /// What a path names that begins in this module.
    fn resolve_in(&self, at: &[String], path: &[String], steps: usize) -> Option<PathTarget<'_>> {
        let steps = steps.checked_sub(1)?;
        let module = self.modules.get(at)?;
        let Some((first, rest)) = path.split_first() else { return Some(PathTarget::Module) };
        if first == "super" {
            return self.resolve_in(at.split_last()?.1, rest, steps);
        }
        let child = [at, std::slice::from_ref(first)].concat();
        if module.children.contains(first) && !rest.is_empty() {
            return self.resolve_in(&child, rest, steps);
        }
        if module.items.contains(first) {
            return Some(PathTarget::Item(&module.file));
        }
        if let Some(Binding { path: bound, .. }) = module.bindings.get(first) {
            return self.resolve(at, &[bound.as_slice(), rest].concat(), steps);
        }
        if module.children.contains(first) {
            return Some(PathTarget::Module);
        }
        let mut globs = module.globs.iter().filter_map(|glob| self.module(at, &glob.path, steps));
        globs.find_map(|target| self.resolve_in(&target, path, steps))
    }

    /// The module that a path names.
    fn module(&self, at: &[String], path: &[String], steps: usize) -> Option<Segments> {
        let steps = steps.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Segments::new(),
            "self" => at.to_vec(),
            "super" => at.split_last()?.1.to_vec(),
            _ => {
                let module = self.modules.get(at)?;
                let bound = module.bindings.get(first).filter(|bound| bound.path.first() != Some(first));
                match bound {
                    Some(bound) => self.module(at, &bound.path, steps)?,
                    None => [at, std::slice::from_ref(first)].concat(),
                }
            }
        };
        let mut found = start;
        for step in rest {
            match step.as_str() {
                "super" => drop(found.pop()),
                _ => found.push(step.clone()),
            }
        }
        self.modules.contains_key(&found).then_some(found)
    }
}
