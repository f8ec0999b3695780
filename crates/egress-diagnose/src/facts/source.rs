//! Turns the text of files into facts: manifests, dumps of `kubectl get`, Lists, Helm's output.
//!
//! A broken document does not affect the others. Knows how a file is split into documents, and where each begins. Does
//! not read files, and does not know what the objects in them mean.

use std::collections::HashMap;

use egress_core::input::{Gap, Input};
use egress_core::tree::Tree;
use egress_core::unreadable::Unreadable;

use crate::facts::ClusterFacts;
use crate::facts::collect::{CollectError, Collector};

mod assume;
mod documents;
mod location;
mod object;
mod parse;
mod position;
mod tree;

pub use documents::{Document, documents};
use location::{ObjectKey, Spot};
pub use location::{Places, SourceFile};

#[cfg(test)]
mod tests;

/// What was read from some files.
pub struct ParsedFiles {
    /// The facts.
    pub facts: ClusterFacts,
    /// Documents that could not be read, by file and line.
    pub unread: Vec<Unreadable>,
    /// The location of each object.
    pub places: Places,
    /// How many objects were read, of any kind.
    pub objects: usize,
}

/// Reads documents one by one. Several readers may read parts of the same files at the same time.
pub struct SourceReader<'a> {
    files: &'a [SourceFile],
    /// The namespace of objects that name none.
    namespace: &'a str,
    collector: Collector,
    places: HashMap<ObjectKey, Spot>,
    unread: Vec<Unreadable>,
    objects: usize,
    /// An object was read twice.
    repeats: bool,
}

impl<'a> SourceReader<'a> {
    /// A reader for documents of these files, with room for that many objects.
    pub fn new(files: &'a [SourceFile], namespace: &'a str, room: usize) -> Self {
        SourceReader {
            files,
            namespace,
            collector: Collector::with_room(room),
            places: HashMap::with_capacity(room),
            unread: Vec::new(),
            objects: 0,
            repeats: false,
        }
    }

    /// Reads a document of the file at this position among all files.
    pub fn read(&mut self, file: usize, document: &Document<'_>) {
        let mut item = 0;
        let outcome = parse::objects(document, |object, is_item| {
            let spot = Spot {
                file,
                bytes: document.bytes,
                line: document.line,
                form: document.form,
                item: is_item.then_some(item),
            };
            item += usize::from(is_item);
            self.take(object, spot);
        });
        if let Err(problem) = outcome {
            let place = self.place(file, problem.line, problem.column);
            self.unread.push(Unreadable::new(None, place, problem.message));
        }
    }

    /// Adds the objects that another reader read after this one.
    pub fn append(&mut self, later: Self) {
        self.collector.append(later.collector);
        for (key, spot) in later.places {
            self.repeats |= self.places.insert(key, spot).is_some();
        }
        self.repeats |= later.repeats;
        self.unread.extend(later.unread);
        self.objects += later.objects;
    }

    /// All facts together. Of two objects with one name the later one counts, as with `kubectl apply`.
    pub fn finish(mut self) -> ParsedFiles {
        if self.repeats {
            self.collector.keep_last();
        }
        ParsedFiles {
            facts: without_proxies(self.collector.finish()),
            unread: self.unread,
            places: Places(self.places),
            objects: self.objects,
        }
    }

    fn take(&mut self, object: Tree<'_>, spot: Spot) {
        self.objects += 1;
        let object = object::complete(object, self.namespace);
        let key = object::key(&object);
        if let Err(error) = self.collector.add(&object) {
            self.refused(&error, spot);
            return;
        }
        if let Some(key) = key {
            self.repeats |= self.places.insert(key, spot).is_some();
        }
    }

    /// An object that does not fit its schema.
    fn refused(&mut self, error: &CollectError, spot: Spot) {
        let line = position::line_of(self.files, &spot, error.field().as_ref());
        let what = self.place(spot.file, line, None);
        self.unread.push(Unreadable::new(None, what, error.to_string()));
    }

    fn place(&self, file: usize, line: usize, column: Option<usize>) -> String {
        let name = self.files.get(file).map_or("", |file| file.name.as_str());
        let column = column.map(|column| format!(":{column}")).unwrap_or_default();
        format!("{name}:{line}{column}")
    }
}

/// Files contain no Envoy configuration, and no policies were asked about them.
fn without_proxies(mut facts: ClusterFacts) -> ClusterFacts {
    let gaps = [Input::ClientProxies, Input::GatewayProxies].into_iter().filter(|_| facts.proxies.is_empty());
    facts.gaps.extend(gaps.chain([Input::Policies]).map(|input| (input, Gap::NotGiven)));
    facts.demands = Err("no policy was asked".to_owned());
    facts
}
