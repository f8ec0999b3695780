//! Finds the line of a field in a file.
//!
//! Reading files does not record the lines of fields, since only few are needed. Those are found by parsing their
//! documents again.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser};

use super::documents::{Document, Form};
use super::{File, Key, Places, Spot};
use crate::finding::{Place, Source};

/// One step of a path below an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Field(String),
    Index(usize),
}

/// The path of a field, and the place that needs its line.
type Asked<'p> = (Vec<Step>, &'p mut Place);

impl Places {
    /// Adds to each place the file and line of its field, or of the object if the field is missing.
    pub fn locate<'p>(&self, files: &[File], places: impl Iterator<Item = &'p mut Place>) {
        let mut asked: BTreeMap<(usize, usize), (Spot, Vec<Asked<'_>>)> = BTreeMap::new();
        for place in places {
            let key = Key {
                kind: place.kind.clone(),
                namespace: place.namespace.clone().unwrap_or_default(),
                name: place.name.clone(),
            };
            let Some(spot) = self.0.get(&key) else { continue };
            let path = base(spot).into_iter().chain(place.field.as_deref().into_iter().flat_map(steps));
            let path = path.collect();
            asked.entry((spot.file, spot.bytes.0)).or_insert((*spot, Vec::new())).1.push((path, place));
        }
        for (spot, wanted) in asked.into_values() {
            let Some(file) = files.get(spot.file) else { continue };
            let (paths, places): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
            for (line, place) in lines(files, &spot, &paths).into_iter().zip(places) {
                place.source = Some(Source { file: file.name.clone(), line });
            }
        }
    }
}

/// The line on which an object begins.
pub(super) fn line_of(files: &[File], spot: &Spot, field: Option<&str>) -> usize {
    let path = base(spot).into_iter().chain(field.into_iter().flat_map(steps)).collect();
    lines(files, spot, &[path]).first().copied().unwrap_or(spot.line)
}

/// The document of an object.
pub(super) fn document<'a>(files: &'a [File], spot: &Spot) -> Option<Document<'a>> {
    let text = files.get(spot.file)?.text.get(spot.bytes.0..spot.bytes.1)?;
    Some(Document { text, bytes: spot.bytes, line: spot.line, form: spot.form })
}

/// The path from the top of a document to an object in it.
fn base(spot: &Spot) -> Vec<Step> {
    match (spot.form, spot.item) {
        (Form::Item, _) => vec![Step::Index(0)],
        (_, Some(item)) => vec![Step::Field("items".to_owned()), Step::Index(item)],
        (_, None) => Vec::new(),
    }
}

/// The lines of these paths, each as far as it exists.
fn lines(files: &[File], spot: &Spot, paths: &[Vec<Step>]) -> Vec<usize> {
    let Some(document) = document(files, spot) else { return vec![spot.line; paths.len()] };
    let mut wanted = Wanted::default();
    for (number, path) in paths.iter().enumerate() {
        wanted.add(path, number);
    }
    let mut walk = Walk { root: &wanted, open: Vec::new(), found: vec![1; paths.len()] };
    // If the parser fails, the lines found so far still count.
    for (event, span) in Parser::new_from_str(document.text).map_while(Result::ok) {
        walk.event(&event, span.start.line());
    }
    walk.found.into_iter().map(|line| spot.line + line.max(1) - 1).collect()
}

/// The paths to find, as a tree.
#[derive(Default)]
struct Wanted {
    steps: BTreeMap<Step, Wanted>,
    /// The indexes of the paths that go through here.
    paths: Vec<usize>,
}

impl Wanted {
    fn add(&mut self, path: &[Step], number: usize) {
        self.paths.push(number);
        if let [first, rest @ ..] = path {
            self.steps.entry(first.clone()).or_default().add(rest, number);
        }
    }
}

/// A map or list during the walk.
struct Open<'w> {
    /// What to find below it.
    wanted: Option<&'w Wanted>,
    /// In a list, the index of the next item.
    next: Option<usize>,
    /// In a map, after a key: what to find below it, and its line.
    key: Option<(Option<&'w Wanted>, usize)>,
}

/// A walk over the nodes of a document.
struct Walk<'w> {
    root: &'w Wanted,
    open: Vec<Open<'w>>,
    found: Vec<usize>,
}

impl<'w> Walk<'w> {
    fn event(&mut self, event: &Event<'_>, line: usize) {
        match event {
            Event::Scalar(text, ..) => {
                self.node(line, Some(text));
            }
            Event::Alias(_) => {
                self.node(line, None);
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let wanted = self.node(line, None);
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
    fn node(&mut self, line: usize, text: Option<&str>) -> Option<&'w Wanted> {
        let (wanted, line) = match self.open.last_mut() {
            None => (Some(self.root), line),
            Some(Open { wanted, next: Some(next), .. }) => {
                let step = Step::Index(*next);
                *next += 1;
                (wanted.and_then(|wanted| wanted.steps.get(&step)), line)
            }
            Some(Open { wanted, key, .. }) => {
                let Some(value) = key.take() else {
                    let step = text.zip(*wanted).map(|(text, wanted)| (Step::Field(text.to_owned()), wanted));
                    *key = Some((step.and_then(|(step, wanted)| wanted.steps.get(&step)), line));
                    return None;
                };
                value
            }
        };
        for path in wanted.iter().flat_map(|wanted| &wanted.paths) {
            if let Some(found) = self.found.get_mut(*path) {
                *found = line;
            }
        }
        wanted
    }
}

/// The steps of a path as findings write it: `spec.servers[0].port`, `metadata.annotations[example.com/x]`. It ends at
/// `[]`, which means any item.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            if inside.is_empty() {
                break;
            }
            steps.push(inside.parse().map_or_else(|_| Step::Field(inside.to_owned()), Step::Index));
            rest = after;
        } else {
            let word = rest.strip_prefix('.').unwrap_or(rest);
            let end = word.find(['.', '[']).unwrap_or(word.len());
            let (name, after) = word.split_at(end);
            steps.push(Step::Field(name.to_owned()));
            rest = after;
        }
        // A bracket without its end.
        if rest.starts_with('[') && !rest.contains(']') {
            break;
        }
    }
    steps
}
