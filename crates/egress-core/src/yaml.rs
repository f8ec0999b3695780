//! YAML as kubectl reads it: one dialect for files, for what is in ConfigMaps, and for the cases of tests.
//!
//! The parser cuts a text into nodes; what a scalar is, what `<<` merges, and what an alias stands for is decided here.
//! Bounded in memory: how deep a text is nested and what its aliases come to is limited. Where a value stands is not kept:
//! who must tell it reads the text once more. Knows no type.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, StrInput, Tag};
use serde::de::DeserializeOwned;

use crate::host::escaped;
use crate::tree::{Fields, Tree};
use crate::typed::typed;

mod error;
mod located;
mod position;
mod scalar;

use scalar::Scalar;

pub use error::{LocatedError, SyntaxError, YamlError};
pub use located::{locate, located};
pub use position::{FieldPosition, Position, places};

/// How much a YAML text may contain.
#[derive(Clone, Copy, Debug)]
pub struct YamlLimits {
    /// How deep it may be nested, with what its aliases stand for.
    pub depth: usize,
    /// How many nodes anchors and aliases may come to: each is a copy. Of none, there may be no anchors.
    pub copies: usize,
    /// How many nodes there may be without them.
    pub nodes: usize,
}

impl Default for YamlLimits {
    fn default() -> Self {
        YamlLimits { depth: 128, copies: 1_000_000, nodes: usize::MAX }
    }
}

/// The documents of a text, one by one. After one that could not be read there are no more.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Tree<'_>, SyntaxError>> {
    let mut reader = Some(YamlReader::new(text, YamlLimits::default()));
    std::iter::from_fn(move || {
        let next = reader.as_mut()?.document().transpose();
        if !matches!(next, Some(Ok(_))) {
            reader = None;
        }
        next
    })
}

/// A text of one document. An empty one is nothing.
///
/// # Errors
/// Where it is not YAML, or of more than one document.
pub fn parse(text: &str) -> Result<Tree<'_>, SyntaxError> {
    limited(text, YamlLimits::default())
}

fn limited(text: &str, limits: YamlLimits) -> Result<Tree<'_>, SyntaxError> {
    let mut reader = YamlReader::new(text, limits);
    let tree = reader.document()?.unwrap_or(Tree::Null);
    reader.end()?;
    Ok(tree)
}

/// A text of one document as a type.
///
/// # Errors
/// Where it is not YAML, or not of the type.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    typed(&parse(text)?).map_err(YamlError::Type)
}

/// Hands the values of a text of one document to a function: the items of a list, or of the list in this field of a map,
/// one by one, so that a long list is never held whole. With whether they are items; otherwise the document is the value.
///
/// # Errors
/// Where it is not YAML, or of more than one document. The values before were handed out.
pub fn values<'a>(
    text: &'a str,
    field: &str,
    mut take: impl FnMut(Tree<'a>, bool),
) -> Result<(), SyntaxError> {
    let mut reader = YamlReader::new(text, YamlLimits::default());
    match reader.root()? {
        None => return Ok(()),
        Some(Event::SequenceStart(..)) => reader.list(1, |item| take(item, true))?,
        Some(Event::MappingStart(..)) => {
            let mut is_list = false;
            let map = reader.map(1, |reader, name, value| {
                if name != field {
                    return reader.node(value, 1).map(Some);
                }
                is_list = true;
                reader.items(value, |item| take(item, true)).map(|()| None)
            })?;
            if !is_list {
                take(map, false);
            }
        }
        Some(other) => take(reader.node(other, 0)?, false),
    }
    reader.next()?;
    reader.end()
}

/// The nodes of a text.
struct YamlReader<'a> {
    events: Parser<'a, StrInput<'a>>,
    /// Where the last node began.
    at: Marker,
    /// What was given a name, by the number of the name.
    anchors: HashMap<usize, Tree<'a>>,
    /// What is left of the limits.
    left: YamlLimits,
}

fn events(text: &str) -> Parser<'_, StrInput<'_>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    // As libyaml, of which Go's parser is a port.
    options.block_scalar_eof_without_line_feed = true;
    Parser::new_from_str_with_options(text, options)
}

impl<'a> YamlReader<'a> {
    fn new(text: &'a str, limits: YamlLimits) -> Self {
        YamlReader { events: events(text), at: Marker::new(0, 1, 0), anchors: HashMap::new(), left: limits }
    }

    fn document(&mut self) -> Result<Option<Tree<'a>>, SyntaxError> {
        let Some(root) = self.root()? else { return Ok(None) };
        let tree = self.node(root, 0)?;
        self.next()?;
        Ok(Some(tree))
    }

    /// The first event of the next document; none where there is none.
    fn root(&mut self) -> Result<Option<Event<'a>>, SyntaxError> {
        loop {
            match self.next()? {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd => return Ok(None),
                event => return Ok(Some(event)),
            }
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        match self.next()? {
            Event::StreamEnd => Ok(()),
            _ => Err(self.error("expected one YAML document, found several")),
        }
    }

    fn next(&mut self) -> Result<Event<'a>, SyntaxError> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                self.at = span.start;
                Ok(event)
            }
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok(Event::StreamEnd),
        }
    }

    /// The value that begins with this event, inside so many others.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Tree<'a>, SyntaxError> {
        self.left.nodes =
            self.left.nodes.checked_sub(1).ok_or_else(|| self.error("expected fewer values, found more"))?;
        let (tree, anchor) = match event {
            Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(_, 1.., _)
            | Event::MappingStart(_, 1.., _)
            | Event::Alias(_)
                if self.left.copies == 0 =>
            {
                return Err(self.error("expected each value written out, found a YAML anchor or alias"));
            }
            Event::Scalar(text, style, anchor, tag) => (self.scalar(text, style, tag.as_deref())?, anchor),
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                self.list(depth + 1, |item| items.push(item))?;
                (Tree::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let map = self.map(depth + 1, |reader, _, value| reader.node(value, depth + 1).map(Some))?;
                (map, anchor)
            }
            Event::Alias(anchor) => return self.copy(anchor, depth),
            _ => return Err(self.error("expected a value")),
        };
        if anchor != 0 {
            self.count(&tree, depth)?;
            self.anchors.insert(anchor, tree.clone());
        }
        Ok(tree)
    }

    /// The items of a list, after its first event.
    fn list(&mut self, depth: usize, mut take: impl FnMut(Tree<'a>)) -> Result<(), SyntaxError> {
        self.allow(depth)?;
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(()),
                event => take(self.node(event, depth)?),
            }
        }
    }

    /// The list that begins with this event, item by item; nothing is an empty list.
    fn items(&mut self, event: Event<'a>, mut take: impl FnMut(Tree<'a>)) -> Result<(), SyntaxError> {
        // One that has a name is wanted whole.
        if let Event::SequenceStart(_, 0, _) = event {
            return self.list(2, take);
        }
        match self.node(event, 1)? {
            Tree::Null => {}
            Tree::List(items) => items.into_iter().for_each(&mut take),
            _ => return Err(self.error("expected a list of objects")),
        }
        Ok(())
    }

    /// The fields of a map, after its first event. The function reads a value by its name and first event; one that it
    /// keeps to itself is left out.
    fn map(
        &mut self,
        depth: usize,
        mut read: impl FnMut(&mut Self, &str, Event<'a>) -> Result<Option<Tree<'a>>, SyntaxError>,
    ) -> Result<Tree<'a>, SyntaxError> {
        self.allow(depth)?;
        let mut fields = Fields::default();
        loop {
            let key = self.next()?;
            let at = self.at;
            match key {
                Event::MappingEnd => return Ok(fields.finish()),
                key if is_merge(&key) => {
                    let value = self.next()?;
                    let value = self.node(value, depth)?;
                    self.merge(&mut fields, value)?;
                }
                key => {
                    let name = self.name(key)?;
                    let value = self.next()?;
                    if let Some(value) = read(self, &name, value)? {
                        fields.insert(name, value).map_err(|twice| error(at, &twice.to_string()))?;
                    }
                }
            }
        }
    }

    fn merge(&self, fields: &mut Fields<'a>, value: Tree<'a>) -> Result<(), SyntaxError> {
        let maps = if let Tree::List(maps) = value { maps } else { vec![value] };
        // Of several the first counts most.
        for map in maps.into_iter().rev() {
            let Tree::Map(merged) = map else {
                return Err(self.error("expected a map or a list of maps to merge with `<<`"));
            };
            fields.merge(merged);
        }
        Ok(())
    }

    /// The name of a field: a number or the like becomes a text.
    fn name(&mut self, key: Event<'a>) -> Result<Cow<'a, str>, SyntaxError> {
        if let Event::Scalar(text, ScalarStyle::Plain, 0, None) = &key
            && let Scalar::Float(value) = Scalar::of(text)
        {
            return Ok(scalar::name(value).into());
        }
        if matches!(key, Event::Scalar(..) | Event::Alias(_)) {
            match self.node(key, 0)? {
                Tree::Text(text) => return Ok(text),
                Tree::Number(number) => return Ok(number.to_string().into()),
                Tree::Bool(value) => return Ok(value.to_string().into()),
                _ => {}
            }
        }
        Err(self.error("expected the name of a field"))
    }

    fn scalar(
        &self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Tree<'a>, SyntaxError> {
        let tag = match tag {
            None if style != ScalarStyle::Plain => return Ok(Tree::Text(text)),
            None => None,
            Some(tag) => match core(tag) {
                known @ Some("null" | "bool" | "int" | "float" | "binary") => known,
                _ => return Ok(Tree::Text(text)),
            },
        };
        let found = Scalar::of(&text);
        let fits = match tag {
            None => true,
            Some("null") => found == Scalar::Null,
            Some("bool") => matches!(found, Scalar::Bool(_)),
            Some("int") => matches!(found, Scalar::Integer(_)),
            Some("float") => matches!(found, Scalar::Integer(_) | Scalar::Float(_)),
            Some(_) => false,
        };
        if let Some(tag) = tag.filter(|_| !fits) {
            return Err(self.error(&format!("the value is no !!{tag}")));
        }
        match found {
            Scalar::Null => Ok(Tree::Null),
            Scalar::Bool(value) => Ok(Tree::Bool(value)),
            Scalar::Integer(number) => Ok(Tree::Number(number)),
            Scalar::Float(value) => scalar::json(value).map(Tree::Number).ok_or_else(|| {
                self.error("expected a number that JSON can have, found an infinite one or none")
            }),
            Scalar::Text => Ok(Tree::Text(text)),
        }
    }

    /// What an alias stands for.
    fn copy(&mut self, anchor: usize, depth: usize) -> Result<Tree<'a>, SyntaxError> {
        let tree = self.anchors.remove(&anchor).ok_or_else(|| self.error("an anchor contains itself"))?;
        self.count(&tree, depth)?;
        let copy = tree.clone();
        self.anchors.insert(anchor, tree);
        Ok(copy)
    }

    /// Counts a copy of a value, which would stand inside so many others.
    fn count(&mut self, tree: &Tree<'_>, depth: usize) -> Result<(), SyntaxError> {
        self.allow(depth)?;
        self.left.copies = self
            .left
            .copies
            .checked_sub(1)
            .ok_or_else(|| self.error("its anchors and aliases expand to too much"))?;
        match tree {
            Tree::List(items) => items.iter().try_for_each(|item| self.count(item, depth + 1)),
            Tree::Map(fields) => fields.iter().try_for_each(|(_, value)| self.count(value, depth + 1)),
            _ => Ok(()),
        }
    }

    fn allow(&self, depth: usize) -> Result<(), SyntaxError> {
        if depth <= self.left.depth {
            return Ok(());
        }
        Err(self.error(&format!("expected at most {} levels, found deeper nesting", self.left.depth)))
    }

    fn error(&self, message: &str) -> SyntaxError {
        error(self.at, message)
    }
}

fn is_merge(key: &Event<'_>) -> bool {
    match key {
        Event::Scalar(text, style, _, tag) if text == "<<" => match tag {
            None => *style == ScalarStyle::Plain,
            Some(tag) => core(tag) == Some("merge"),
        },
        _ => false,
    }
}

/// The name of a type that YAML itself has.
fn core(tag: &Tag) -> Option<&str> {
    (tag.handle() == "tag:yaml.org,2002:").then(|| tag.suffix())
}

fn syntax(found: &ScanError) -> SyntaxError {
    let message = found.info();
    error(*found.marker(), &format!("not valid YAML: {}", message.lines().next().unwrap_or_default()))
}

fn error(at: Marker, message: &str) -> SyntaxError {
    let Position { line, column } = at.into();
    SyntaxError { message: escaped(message), line, column }
}

#[cfg(test)]
mod tests;
