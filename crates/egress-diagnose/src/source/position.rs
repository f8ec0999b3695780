//! Where in a file a field stands.
//!
//! Nothing is kept of where fields stand while files are read: few of them are ever asked for, and a second look at the
//! documents in question finds them.

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

/// The path of a field, and the place that wants to know its line.
type Asked<'p> = (Vec<Step>, &'p mut Place);

impl Places {
    /// Adds to each place the file and line of its field; of the object where there is no such field.
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

/// The document that an object stands in.
pub(super) fn document<'a>(files: &'a [File], spot: &Spot) -> Option<Document<'a>> {
    let text = files.get(spot.file)?.text.get(spot.bytes.0..spot.bytes.1)?;
    Some(Document { text, bytes: spot.bytes, line: spot.line, form: spot.form })
}

/// The way from the top of a document to an object in it.
fn base(spot: &Spot) -> Vec<Step> {
    match (spot.form, spot.item) {
        (Form::Item, _) => vec![Step::Index(0)],
        (_, Some(item)) => vec![Step::Field("items".to_owned()), Step::Index(item)],
        (_, None) => Vec::new(),
    }
}

/// The lines of these paths, each as far as there is something.
fn lines(files: &[File], spot: &Spot, paths: &[Vec<Step>]) -> Vec<usize> {
    let Some(document) = document(files, spot) else { return vec![spot.line; paths.len()] };
    let mut wanted = Wanted::default();
    for (number, path) in paths.iter().enumerate() {
        wanted.add(path, number);
    }
    let mut walk = Walk { root: &wanted, open: Vec::new(), found: vec![1; paths.len()] };
    // What cannot be read any more leaves what was found before.
    for (event, span) in Parser::new_from_str(document.text).map_while(Result::ok) {
        walk.event(&event, span.start.line());
    }
    walk.found.into_iter().map(|line| spot.line + line.max(1) - 1).collect()
}

/// The paths that are looked for, as a tree.
#[derive(Default)]
struct Wanted {
    steps: BTreeMap<Step, Wanted>,
    /// Whose way leads here.
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

/// A map or list that is being read.
struct Open<'w> {
    /// What is looked for below it.
    wanted: Option<&'w Wanted>,
    /// In a list, the position of the next item.
    next: Option<usize>,
    /// In a map, once a key was read: what is looked for below it, and its line.
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

    /// A node begins: what is looked for below it.
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

/// The steps of a path as findings write it: `spec.servers[0].port`, `metadata.annotations[example.com/x]`. At `[]`, which
/// means any item, it ends.
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
        // A bracket that is never closed.
        if rest.starts_with('[') && !rest.contains(']') {
            break;
        }
    }
    steps
}
