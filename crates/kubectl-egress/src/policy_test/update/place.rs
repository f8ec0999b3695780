//! Where in the text of a file of tests the expectations stand.

use granit_parser::{Event, Parser, Span};

/// Where an expectation stands, or where it is to stand; in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside braces.
    Flow {
        /// The first byte to replace.
        start: usize,
        /// The first byte to keep.
        end: usize,
        /// There is none yet.
        is_new: bool,
    },
    /// On lines of its own, after its key.
    Block {
        /// The first byte to replace: after the key's colon.
        start: usize,
        /// The first byte to keep.
        end: usize,
        /// How far the keys of the case are indented.
        indent: usize,
        /// There is none yet.
        is_new: bool,
    },
}

/// The place of each case, in order; `None`: the text has another form.
pub(super) fn places(text: &str) -> Option<Vec<Place>> {
    let mut reader = Reader { text, events: Parser::new_from_str(text) };
    reader.next()?;
    reader.next()?;
    let (Event::MappingStart(..), _) = reader.next()? else { return None };
    let mut places = Vec::new();
    while let Some(key) = reader.key()? {
        if key.name == "cases" {
            let (Event::SequenceStart(..), _) = reader.next()? else { return None };
            while let Some(place) = reader.case()? {
                places.push(place);
            }
        } else {
            reader.value()?;
        }
    }
    Some(places)
}

struct Reader<'a> {
    text: &'a str,
    events: Parser<'a, granit_parser::StrInput<'a>>,
}

struct Key {
    name: String,
    span: Span,
}

impl Reader<'_> {
    /// The next event that is no comment.
    fn next(&mut self) -> Option<(Event<'_>, Span)> {
        loop {
            match self.events.next()?.ok()? {
                (Event::Comment(..), _) => {}
                (event, span) => return Some((event, span)),
            }
        }
    }

    /// The next key of a map; `Some(None)`: the map ends.
    fn key(&mut self) -> Option<Option<Key>> {
        match self.next()? {
            (Event::Scalar(name, ..), span) => Some(Some(Key { name: name.into_owned(), span })),
            (Event::MappingEnd, _) => Some(None),
            _ => None,
        }
    }

    /// Passes over a value: from its first byte to the end of its last event.
    fn value(&mut self) -> Option<(usize, usize)> {
        let mut depth = 0_usize;
        let mut start = None;
        loop {
            let (event, span) = self.next()?;
            let (from, to) = (span.start.byte_offset()?, span.end.byte_offset()?);
            start.get_or_insert(from);
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some((start?, to));
            }
        }
    }

    /// One case; `Some(None)`: the list ends.
    fn case(&mut self) -> Option<Option<Place>> {
        let text = self.text;
        let opening = match self.next()? {
            (Event::SequenceEnd, _) => return Some(None),
            (Event::MappingStart(..), span) => span.start.byte_offset()?,
            _ => return None,
        };
        let is_flow = text[opening..].starts_with('{');
        let mut expectation = None;
        let mut indent = 0;
        let mut end = opening;
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::Scalar(name, ..) => Key { name: name.into_owned(), span },
                Event::MappingEnd => break,
                _ => return None,
            };
            if end == opening {
                indent = key.span.start.col();
            }
            let (start, after) = self.value()?;
            end = trimmed(text, after);
            if key.name == "expect" {
                let colon = text[key.span.end.byte_offset()?..].find(':')?;
                let colon = key.span.end.byte_offset()? + colon + 1;
                expectation = Some((if is_flow { start } else { colon }, end));
            }
        }
        let (start, end) = expectation.unwrap_or((end, end));
        let is_new = expectation.is_none();
        Some(Some(if is_flow {
            Place::Flow { start, end, is_new }
        } else {
            Place::Block { start, end, indent, is_new }
        }))
    }
}

/// A block ends where the next token begins: what is between belongs to that one.
fn trimmed(text: &str, end: usize) -> usize {
    let mut end = end;
    loop {
        let kept = text[..end].trim_end();
        let line = kept.rfind('\n').map_or(0, |at| at + 1);
        if !kept[line..].trim_start().starts_with('#') {
            return kept.len();
        }
        end = line;
    }
}
