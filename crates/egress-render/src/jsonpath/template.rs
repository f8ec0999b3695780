//! Reads a template into text, paths and ranges.
//!
//! Knows braces, quotes and the words `range` and `end`. The paths themselves are read by `path`.

use std::str::CharIndices;

use super::{TemplateError, TemplateNode, path};

/// Longer templates are not typed by people.
const LONGEST: usize = 64 << 10;
/// Ranges within ranges; each one is a recursion.
const DEEPEST: usize = 16;

pub(super) fn parse(text: &str) -> Result<Vec<TemplateNode>, TemplateError> {
    if text.len() > LONGEST {
        return Err(TemplateError {
            position: 1,
            problem: format!("expected at most {LONGEST} bytes, found {}", text.len()),
        });
    }
    let mut reader = TemplateParser { text, characters: text.char_indices() };
    reader.nodes(0, 0)
}

struct TemplateParser<'a> {
    text: &'a str,
    characters: CharIndices<'a>,
}

impl TemplateParser<'_> {
    /// Nodes up to the end of the template, or up to the `{end}` of the range they stand in, which begins at `opened`.
    fn nodes(&mut self, depth: usize, opened: usize) -> Result<Vec<TemplateNode>, TemplateError> {
        let mut nodes = Vec::new();
        let mut literal = String::new();
        while let Some((start, character)) = self.characters.next() {
            if character != '{' {
                literal.push(character);
                continue;
            }
            if !literal.is_empty() {
                nodes.push(TemplateNode::Text(std::mem::take(&mut literal)));
            }
            let action = self.action(start)?;
            match action.trim() {
                "end" if depth == 0 => return Err(self.error(start, "`{end}` without `{range}`")),
                "end" => return Ok(nodes),
                trimmed => nodes.push(self.node(trimmed, start, depth)?),
            }
        }
        if depth > 0 {
            return Err(self.error(opened, "`{range}` without `{end}`"));
        }
        if !literal.is_empty() {
            nodes.push(TemplateNode::Text(literal));
        }
        Ok(nodes)
    }

    /// What stands between `{` and `}`; braces inside quotes do not count.
    fn action(&mut self, start: usize) -> Result<String, TemplateError> {
        let mut action = String::new();
        let mut quote = None;
        while let Some((_, character)) = self.characters.next() {
            match (quote, character) {
                (None, '}') => return Ok(action),
                (None, '"' | '\'') => quote = Some(character),
                (Some(open), close) if open == close => quote = None,
                _ => {}
            }
            action.push(character);
            if character == '\\'
                && let Some((_, escaped)) = self.characters.next()
            {
                action.push(escaped);
            }
        }
        let problem = if quote.is_some() { "a quote is not closed" } else { "`{` without `}`" };
        Err(self.error(start, problem))
    }

    fn node(&mut self, action: &str, start: usize, depth: usize) -> Result<TemplateNode, TemplateError> {
        if let Some(iterated) =
            action.strip_prefix("range").filter(|rest| !rest.starts_with(char::is_alphanumeric))
        {
            let paths = path::parse(iterated.trim()).map_err(|problem| self.error(start, &problem))?;
            if depth == DEEPEST {
                return Err(self.error(start, &format!("expected at most {DEEPEST} nested ranges")));
            }
            return Ok(TemplateNode::Range(paths, self.nodes(depth + 1, start)?));
        }
        match action.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                unquote(action, quote).map(TemplateNode::Text).map_err(|problem| self.error(start, &problem))
            }
            _ => path::parse(action).map(TemplateNode::Paths).map_err(|problem| self.error(start, &problem)),
        }
    }

    fn error(&self, byte: usize, problem: &str) -> TemplateError {
        let position = self.text.get(..byte).map_or(0, |before| before.chars().count()) + 1;
        TemplateError { position, problem: problem.to_owned() }
    }
}

/// A quoted text with the escapes that templates use.
fn unquote(quoted: &str, quote: char) -> Result<String, String> {
    let inner = quoted.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let inner = inner.ok_or_else(|| "expected nothing after a quoted text".to_owned())?;
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(plain @ ('\\' | '"' | '\'')) => plain,
                other => {
                    return Err(format!(
                        "expected `\\n`, `\\t`, `\\r`, `\\\\` or a quote, found {}",
                        found(other)
                    ));
                }
            },
            plain if plain == quote => return Err("expected nothing after a quoted text".to_owned()),
            plain => plain,
        });
    }
    Ok(text)
}

fn found(character: Option<char>) -> String {
    character.map_or_else(|| "nothing".to_owned(), |character| format!("`\\{}`", character.escape_debug()))
}
