//! Finds the position of a path in a text.
//!
//! Reading a text does not record positions, since only few are needed. Those are found by parsing the text again.

use std::collections::BTreeMap;

use granit_parser::{Event, Marker};

use super::events;
use crate::path::{Path, PathStep};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldPosition {
    /// Where the name of the field begins; of an item or a document, as the value.
    pub name: Position,
    /// Where the value begins.
    pub value: Position,
}

/// The places of these paths in the first document, each as far as it exists. Does not follow aliases and merges.
pub fn places(text: &str, paths: &[Path]) -> Vec<FieldPosition> {
    let mut wanted = WantedPaths::default();
    for (number, path) in paths.iter().enumerate() {
        wanted.add(&path.0, number);
    }
    let mut walk =
        Walk { root: &wanted, open: Vec::new(), found: vec![FieldPosition::default(); paths.len()] };
    // If the parser fails, the positions found so far still count.
    for (event, span) in events(text).map_while(Result::ok) {
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        walk.event(&event, span.start.into());
    }
    walk.found
}

impl Default for Position {
    fn default() -> Self {
        Position { line: 1, column: 1 }
    }
}

impl From<Marker> for Position {
    fn from(marker: Marker) -> Self {
        Position { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// The paths to find, as a tree.
#[derive(Default)]
struct WantedPaths {
    steps: BTreeMap<PathStep, WantedPaths>,
    /// The indexes of the paths that go through here.
    paths: Vec<usize>,
}

impl WantedPaths {
    fn add(&mut self, path: &[PathStep], number: usize) {
        self.paths.push(number);
        if let [first, rest @ ..] = path {
            self.steps.entry(first.clone()).or_default().add(rest, number);
        }
    }
}

/// A map or list during the walk.
struct Open<'w> {
    /// What to find below it.
    wanted: Option<&'w WantedPaths>,
    /// In a list, the index of the next item.
    next: Option<usize>,
    /// In a map, after a key: what to find below it, and its position.
    key: Option<(Option<&'w WantedPaths>, Position)>,
}

/// A walk over the nodes of a document.
struct Walk<'w> {
    root: &'w WantedPaths,
    open: Vec<Open<'w>>,
    found: Vec<FieldPosition>,
}

impl<'w> Walk<'w> {
    fn event(&mut self, event: &Event<'_>, at: Position) {
        match event {
            Event::Scalar(text, ..) => {
                self.node(at, Some(text));
            }
            Event::Alias(_) => {
                self.node(at, None);
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let wanted = self.node(at, None);
                let next = matches!(event, Event::SequenceStart(..)).then_some(0);
                self.open.push(Open { wanted, next, key: None });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// At the start of a node: what to find below it.
    fn node(&mut self, at: Position, text: Option<&str>) -> Option<&'w WantedPaths> {
        let (wanted, name) = match self.open.last_mut() {
            None => (Some(self.root), at),
            Some(Open { wanted, next: Some(next), .. }) => {
                let step = PathStep::Item(*next);
                *next += 1;
                (wanted.and_then(|wanted| wanted.steps.get(&step)), at)
            }
            Some(Open { wanted, key, .. }) => {
                let Some(value) = key.take() else {
                    let step =
                        text.zip(*wanted).map(|(text, wanted)| (PathStep::Field(text.to_owned()), wanted));
                    *key = Some((step.and_then(|(step, wanted)| wanted.steps.get(&step)), at));
                    return None;
                };
                value
            }
        };
        for path in wanted.iter().flat_map(|wanted| &wanted.paths) {
            if let Some(found) = self.found.get_mut(*path) {
                *found = FieldPosition { name, value: at };
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, path: &[PathStep]) -> (usize, usize, usize, usize) {
        let FieldPosition { name, value } = places(text, &[Path(path.to_vec())])[0];
        (name.line, name.column, value.line, value.column)
    }

    #[test]
    fn names_and_values_have_their_own_places() {
        let text = "# ours\na:\n  - b: 1\n    c: [x,\n      {d: }]\n";
        assert_eq!(place(text, &[]), (2, 1, 2, 1));
        assert_eq!(place(text, &["a".into(), 0.into()]), (3, 5, 3, 5));
        assert_eq!(place(text, &["a".into(), 0.into(), "c".into()]), (4, 5, 4, 8));
        assert_eq!(place(text, &["a".into(), 0.into(), "c".into(), 1.into(), "d".into()]), (5, 8, 5, 9));
    }

    #[test]
    fn a_path_is_followed_as_far_as_it_leads() {
        let text = "a: &x\n  b: 1\nc: *x\nd: [\n";
        assert_eq!(place(text, &["a".into(), "y".into()]).2, 2);
        assert_eq!(place(text, &["c".into(), "b".into()]), (3, 1, 3, 4));
        assert_eq!(place(text, &["e".into()]), (1, 1, 1, 1));
    }
}
