//! Which files import which, and the circles among them.
//!
//! A circle is a set of files each of which imports, through others of the set, each other. Does not know how imports
//! are read.

use std::collections::{BTreeMap, BTreeSet};

/// Imports of files, by their paths.
#[derive(Debug, Default)]
pub(super) struct Graph {
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Notes an import. A file that imports itself says nothing.
    pub(super) fn add(&mut self, from: &str, to: &str) {
        if from != to {
            self.imports.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
    }

    /// The same imports between groups of files. A file without a group is left out.
    pub(super) fn merged(&self, group: impl Fn(&str) -> Option<String>) -> Graph {
        let mut merged = Graph::default();
        for (from, all) in &self.imports {
            for (from, to) in all.iter().filter_map(|to| Some((group(from)?, group(to)?))) {
                merged.add(&from, &to);
            }
        }
        merged
    }

    /// The circles: sets of at least two files, the largest first.
    pub(super) fn circles(&self) -> Vec<BTreeSet<&str>> {
        let mut search = Search { graph: self, seen: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
        for file in self.imports.keys() {
            if !search.seen.contains_key(file.as_str()) {
                search.visit(file);
            }
        }
        let mut found = search.found;
        found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        found
    }

    /// The imports between files of a set, as `importer -> imported`.
    pub(super) fn within<'a>(&'a self, set: &'a BTreeSet<&str>) -> impl Iterator<Item = (&'a str, &'a str)> {
        set.iter().flat_map(move |from| {
            self.imported(from).filter(|to| set.contains(to)).map(move |to| (*from, to))
        })
    }

    fn imported(&self, file: &str) -> impl Iterator<Item = &str> {
        self.imports.get(file).into_iter().flatten().map(String::as_str)
    }
}

struct Search<'g> {
    graph: &'g Graph,
    /// When a file was first seen.
    seen: BTreeMap<&'g str, usize>,
    stack: Vec<&'g str>,
    found: Vec<BTreeSet<&'g str>>,
}

impl<'g> Search<'g> {
    /// Tarjan's algorithm: returns the earliest file on the stack that this one leads back to. As deep as the longest
    /// chain of imports.
    fn visit(&mut self, file: &'g str) -> usize {
        let number = self.seen.len();
        let mut lowest = number;
        self.seen.insert(file, number);
        self.stack.push(file);
        for next in self.graph.imported(file) {
            match self.seen.get(next).copied() {
                None => lowest = lowest.min(self.visit(next)),
                Some(seen) if self.stack.contains(&next) => lowest = lowest.min(seen),
                Some(_) => {}
            }
        }
        if lowest == number {
            let start = self.stack.iter().rposition(|other| *other == file).unwrap_or_default();
            let circle: BTreeSet<&str> = self.stack.drain(start..).collect();
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
        lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(imports: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in imports {
            graph.add(from, to);
        }
        graph
    }

    #[test]
    fn files_that_import_each_other_through_others_are_one_circle() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("d", "e"), ("f", "a")]);

        assert_eq!(graph.circles(), [BTreeSet::from(["a", "b", "c", "d"])]);
    }

    #[test]
    fn two_circles_with_a_file_in_common_are_one() {
        let graph = graph(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]);

        assert_eq!(graph.circles(), [BTreeSet::from(["a", "b", "c"])]);
    }

    #[test]
    fn layers_have_no_circle() {
        let graph = graph(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "d")]);

        assert_eq!(graph.circles(), Vec::<BTreeSet<&str>>::new());
    }

    #[test]
    fn only_imports_inside_a_circle_are_listed_for_it() {
        let graph = graph(&[("a", "b"), ("b", "a"), ("b", "c"), ("d", "a")]);

        let circle = BTreeSet::from(["a", "b"]);

        assert_eq!(graph.within(&circle).collect::<Vec<_>>(), [("a", "b"), ("b", "a")]);
    }
}
