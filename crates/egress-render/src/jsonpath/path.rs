//! Reads the path of a template: kubectl's notation, rewritten as RFC 9535, which the library evaluates.
//!
//! kubectl differs: `.a\.b` holds a dot, `['a.b']` is two keys, `[?(@.x=="y")]` takes one comparison, and a union
//! gives all results of its first member before those of its second. See `util/jsonpath` in kubernetes/client-go.

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;

use crate::escape::escape;

/// Members of unions multiply; nobody types more.
const MOST_PATHS: usize = 64;

/// The queries of one path: one, or as many as its unions have members. No path at all leads to the value itself.
pub(super) fn parse(text: &str) -> Result<Vec<JpQuery>, String> {
    let paths = translate(text, "$")?;
    let queries: Result<Vec<JpQuery>, _> = paths.iter().map(|path| parse_json_path(path)).collect();
    queries.map_err(|_| format!("expected a path such as `.items[*].host`, found `{}`", escape(text)))
}

/// The path in RFC 9535, starting from `root`.
fn translate(text: &str, root: &str) -> Result<Vec<String>, String> {
    let unexpected = || format!("expected a path such as `.items[*].host`, found `{}`", escape(text));
    let mut rest = text.strip_prefix(['$', '@']).unwrap_or(text);
    let mut paths = vec![root.to_owned()];
    while !rest.is_empty() {
        let descent = if rest.starts_with("..") { ".." } else { "" };
        if let Some(inside) = rest.strip_prefix(descent).and_then(|rest| rest.strip_prefix('[')) {
            let length = closing_bracket(inside).ok_or_else(|| "`[` without `]`".to_owned())?;
            let members: Result<Vec<String>, String> =
                split(&inside[..length], ',').into_iter().map(|member| selector(member.trim())).collect();
            paths = product(&paths, descent, &members?)?;
            rest = &inside[length + 1..];
        } else if let Some(field) = rest.strip_prefix(if descent.is_empty() { "." } else { ".." }) {
            let (name, length) = field_name(field);
            rest = &field[length..];
            if !name.is_empty() {
                paths = product(&paths, descent, &[key(&name)])?;
            } else if !descent.is_empty() || !(rest.is_empty() || rest.starts_with('[')) {
                // `{.}` is the value itself, and `.['key']` is `['key']`.
                return Err(unexpected());
            }
        } else {
            return Err(unexpected());
        }
    }
    Ok(paths)
}

fn product(paths: &[String], descent: &str, members: &[String]) -> Result<Vec<String>, String> {
    if paths.len() * members.len() > MOST_PATHS {
        return Err(format!("expected at most {MOST_PATHS} members of unions"));
    }
    let of_member =
        |member: &String| paths.iter().map(|path| format!("{path}{descent}{member}")).collect::<Vec<_>>();
    Ok(members.iter().flat_map(of_member).collect())
}

/// The name up to the next dot or bracket, with its escapes resolved, and how many bytes it took.
fn field_name(text: &str) -> (String, usize) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '.' | ',' | '[' | ']' | '{' | '}' | '$' | '@' => return (name, index),
            space if space.is_whitespace() => return (name, index),
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => name.push(plain),
        }
    }
    (name, text.len())
}

/// A key as an RFC 9535 selector. JSON's string notation is a subset of that of the RFC.
fn key(name: &str) -> String {
    match name {
        "*" => "[*]".to_owned(),
        name => format!("[{}]", serde_json::Value::from(name)),
    }
}

/// One member of a bracket as RFC 9535 selectors.
fn selector(member: &str) -> Result<String, String> {
    if let Some(condition) = member.strip_prefix('?') {
        let condition = condition.trim();
        let inner = condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let inner = inner.ok_or_else(|| format!("expected `?(…)`, found `?{}`", escape(condition)))?;
        return Ok(format!("[?{}]", filter(inner)?));
    }
    if let Some(quoted) = member.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(translate(&format!(".{quoted}"), "")?.concat());
    }
    let index =
        member == "*" || (!member.is_empty() && member.chars().all(|c| matches!(c, '0'..='9' | '-' | ':')));
    if index {
        return Ok(format!("[{member}]"));
    }
    Err(format!("expected an index, a slice, `*`, `'key'` or `?(…)` in brackets, found `{}`", escape(member)))
}

/// A condition: one comparison, or a path that must lead somewhere.
fn filter(condition: &str) -> Result<String, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        let sides = split_at(condition, operator);
        if let Some((left, right)) = sides {
            return Ok(format!("{} {operator} {}", operand(left.trim())?, operand(right.trim())?));
        }
    }
    let stray = outside_quotes(condition).find(|(_, character)| matches!(character, '=' | '!' | '&' | '|'));
    match stray {
        Some((_, found)) => {
            Err(format!("expected `==`, `!=`, `<`, `<=`, `>` or `>=` in a filter, once, found `{found}`"))
        }
        None => operand(condition.trim()),
    }
}

/// A side of a comparison: a path from the element, or a literal.
fn operand(text: &str) -> Result<String, String> {
    let quoted = |quote| text.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    if let Some(inner) = quoted('"').or_else(|| quoted('\'')) {
        return Ok(serde_json::Value::from(inner.replace("\\\"", "\"").replace("\\'", "'")).to_string());
    }
    if text.starts_with(['@', '$', '.']) {
        return Ok(translate(text, "@")?.concat());
    }
    if matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!("expected `@.path`, a quoted text or a number in a filter, found `{}`", escape(text)))
}

/// How far the bracket that was opened before `text` reaches.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    outside_quotes(text).find_map(|(index, character)| match character {
        '[' => {
            depth += 1;
            None
        }
        ']' if depth == 0 => Some(index),
        ']' => {
            depth -= 1;
            None
        }
        _ => None,
    })
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, character) in outside_quotes(text) {
        if character == separator {
            parts.push(&text[start..index]);
            start = index + character.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn split_at<'a>(text: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    let at =
        outside_quotes(text).map(|(index, _)| index).find(|index| text[*index..].starts_with(operator))?;
    Some((&text[..at], &text[at + operator.len()..]))
}

/// The characters that are neither quotes nor inside quotes.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, character)| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match (quote, *character) {
            (_, '\\') => escaped = true,
            (None, open @ ('"' | '\'')) => quote = Some(open),
            (Some(open), close) if open == close => quote = None,
            (None, _) => return true,
            (Some(_), _) => {}
        }
        false
    })
}
