//! The position of each expectation in the text of a test file.

use granit_parser::{Event, Parser, Span};

/// The position of an expectation, or where a new one goes; in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpectationPosition {
    /// The case is written in braces.
    Flow {
        /// The first byte to replace.
        start: usize,
        /// The first byte to keep.
        end: usize,
        /// The case has no expectation yet.
        is_new: bool,
    },
    /// The expectation has lines of its own, after its key.
    Block {
        /// The first byte to replace: after the key's colon.
        start: usize,
        /// The first byte to keep.
        end: usize,
        /// How far the keys of the case are indented.
        indent: usize,
        /// The case has no expectation yet.
        is_new: bool,
    },
}

/// The position for each case, in order; `None`: the file is written in another form.
pub(super) fn positions(text: &str) -> Option<Vec<ExpectationPosition>> {
    let mut reader = CaseReader { text, events: Parser::new_from_str(text) };
    reader.next()?;
    reader.next()?;
    let (Event::MappingStart(..), _) = reader.next()? else { return None };
    loop {
        match reader.next()? {
            (Event::Scalar(key, ..), _) if key == "cases" => return reader.cases(),
            (Event::Scalar(..), _) => drop(reader.value()?),
            _ => return None,
        }
    }
}

struct CaseReader<'a> {
    text: &'a str,
    events: Parser<'a, granit_parser::StrInput<'a>>,
}

impl<'a> CaseReader<'a> {
    /// The next event that is not a comment.
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        loop {
            match self.events.next()?.ok()? {
                (Event::Comment(..), _) => {}
                found => return Some(found),
            }
        }
    }

    /// Skips a value, and returns its range: from its first byte to the end of its last event.
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

    fn cases(&mut self) -> Option<Vec<ExpectationPosition>> {
        let (Event::SequenceStart(..), _) = self.next()? else { return None };
        let mut positions = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(positions),
                (Event::MappingStart(..), span) => positions.push(self.case(span.start.byte_offset()?)?),
                _ => return None,
            }
        }
    }

    /// One case, after its start.
    fn case(&mut self, opening: usize) -> Option<ExpectationPosition> {
        let text = self.text;
        let is_flow = text[opening..].starts_with('{');
        let mut expectation = None;
        let mut indent = None;
        let mut last = opening;
        loop {
            let (name, key) = match self.next()? {
                (Event::Scalar(name, ..), span) => (name, span),
                (Event::MappingEnd, _) => break,
                _ => return None,
            };
            indent.get_or_insert(key.start.col());
            let (start, after) = self.value()?;
            last = trimmed(text, after);
            if name == "expect" {
                let behind = key.end.byte_offset()?;
                let colon = behind + text[behind..].find(':')? + 1;
                expectation = Some((if is_flow { start } else { colon }, last));
            }
        }
        let (start, end) = expectation.unwrap_or((last, last));
        let is_new = expectation.is_none();
        Some(if is_flow {
            ExpectationPosition::Flow { start, end, is_new }
        } else {
            ExpectationPosition::Block { start, end, indent: indent?, is_new }
        })
    }
}

/// A block ends where the next token begins: comments between them belong to the next token.
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
