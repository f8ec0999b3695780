//! Where one document of a file ends and the next begins.
//!
//! A line that starts with `---` or `...` ends a document, also inside a scalar (YAML 1.2, 9.1.2). So a broken document
//! does not break the others. Each item of a List as kubectl prints it is a document of its own, since a dump of a
//! cluster is one List of any size. Does not look into documents.

use serde::de::IgnoredAny;

/// A part of a text, parsed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The text.
    pub text: &'a str,
    /// Where in the whole text it begins and ends, in bytes.
    pub(crate) bytes: (usize, usize),
    /// The line of the whole text on which it begins, from 1.
    pub(crate) line: usize,
    /// Its syntax.
    pub(crate) form: Syntax,
}

/// The syntax of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Yaml,
    /// One value of several, as `kubectl get -o json` and `jq` print them.
    Json,
    /// One item of a List, with its dash.
    Item,
}

/// The documents of a text.
pub fn documents(text: &str) -> Vec<Document<'_>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    if is_json(text.get(start..).unwrap_or_default()) {
        return values(text, start);
    }
    let mut found = Vec::new();
    let mut cut = Cut { text, start, line: 1 };
    while let Some(document) = cut.next() {
        if is_blank(document.text) {
            continue;
        }
        match items(&document) {
            Some(items) => found.extend(items),
            None => found.push(document),
        }
    }
    found
}

struct Cut<'a> {
    text: &'a str,
    start: usize,
    line: usize,
}

impl<'a> Cut<'a> {
    fn next(&mut self) -> Option<Document<'a>> {
        let rest = self.text.get(self.start..).filter(|rest| !rest.is_empty())?;
        let length = ["\n---", "\n..."].iter().fold(rest.len(), |end, marker| first(rest, end, marker));
        let document = self.document(length, self.line);
        self.line += lines(document.text);
        self.start += length;
        Some(document)
    }

    fn document(&self, length: usize, line: usize) -> Document<'a> {
        let mut bytes = (self.start, self.start + length);
        let mut text = self.text.get(bytes.0..bytes.1).unwrap_or_default();
        // The end of the document before.
        if let Some(rest) = text.strip_prefix("...") {
            bytes.0 += text.len() - rest.len();
            text = rest;
        }
        Document { text, bytes, line, form: Syntax::Yaml }
    }
}

/// Where the first line with a marker begins, if before `end`.
fn first(text: &str, end: usize, marker: &str) -> usize {
    let within = text.get(..end).unwrap_or(text);
    let is_alone = |at: &usize| {
        let after = text.get(at + marker.len()..).and_then(|rest| rest.chars().next());
        after.is_none_or(char::is_whitespace)
    };
    let found = within.match_indices(marker).map(|(at, _)| at).find(is_alone);
    found.map_or(end, |at| at + 1)
}

/// Whether there is nothing but comments, directives and a marker.
fn is_blank(text: &str) -> bool {
    let mut content = text.lines().map(|line| line.strip_prefix("---").unwrap_or(line).trim());
    !content.any(|line| !line.is_empty() && !line.starts_with(['#', '%']))
}

/// Whether a text is JSON. YAML can start with a brace, too.
fn is_json(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// The values of a JSON text. After a broken value no other can be found, so the rest is one document.
fn values(text: &str, start: usize) -> Vec<Document<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (start, 1);
    let rest = text.get(start..).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    loop {
        let next = values.next();
        let end = if matches!(next, Some(Ok(_))) { start + values.byte_offset() } else { text.len() };
        let Some(all) = text.get(at..end).filter(|text| !text.trim().is_empty()) else { return found };
        let value = all.trim_start();
        let skipped = &all[..all.len() - value.len()];
        line += lines(skipped);
        found.push(Document { text: value, bytes: (at + skipped.len(), end), line, form: Syntax::Json });
        line += lines(value);
        at = end;
    }
}

/// The items of a List as kubectl prints it: `items:` and dashes at the start of lines. None if it is no such List, or
/// has anchors, since an item could refer to an anchor in another.
fn items<'a>(document: &Document<'a>) -> Option<Vec<Document<'a>>> {
    let head = document.text.find("\nitems:\n- ").or_else(|| document.text.find("\nitems:\r\n- "))?;
    let is_field = |line: &str| line.trim_start_matches("---").trim_start().starts_with(['#', 'a', 'k', 'm']);
    let before = document.text.get(..head)?;
    if !before.lines().all(|line| line.trim().is_empty() || is_field(line)) || has_anchor(document.text) {
        return None;
    }
    let first = head + document.text.get(head..)?.find("- ")?;
    let mut found = Vec::new();
    let mut start = first;
    let mut line = document.line + lines(document.text.get(..first)?);
    let mut take = |end: usize, line: usize, start: usize| {
        let text = document.text.get(start..end)?;
        let bytes = (document.bytes.0 + start, document.bytes.0 + end);
        found.push(Document { text, bytes, line, form: Syntax::Item });
        Some(line + lines(text))
    };
    let mut at = first;
    for text in document.text.get(first..)?.split_inclusive('\n') {
        let begins = text.starts_with("- ");
        if at > start && begins {
            line = take(at, line, start)?;
            start = at;
        }
        // The fields after the items.
        if !begins && !text.starts_with([' ', '#', '\r', '\n']) {
            take(at, line, start)?;
            return text.starts_with(['k', 'm']).then_some(found);
        }
        at += text.len();
    }
    take(at, line, start)?;
    Some(found)
}

/// Whether there may be an anchor.
fn has_anchor(text: &str) -> bool {
    text.match_indices('&').any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| before.is_whitespace() || "[{,:-".contains(before))
    })
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
