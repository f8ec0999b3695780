//! Literals of CEL.
//!
//! Knows how a text is quoted so that it stays one text, whatever it holds. Knows nothing of rules.

use std::fmt::Write as _;

/// A string literal: `'shop'`. Everything but plain ASCII becomes an escape.
pub fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        match character {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            ' '..='~' => literal.push(character),
            // Writing to a String cannot fail.
            _ => drop(write!(literal, "\\U{:08x}", u32::from(character))),
        }
    }
    literal.push('\'');
    literal
}

/// A list of strings: `['shop', 'billing']`.
pub fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let literals: Vec<String> = values.into_iter().map(text).collect();
    format!("[{}]", literals.join(", "))
}

/// A map of strings to expressions: `{'shop': '80'}`.
pub fn map<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> =
        entries.into_iter().map(|(key, value)| format!("{}: {value}", text(key))).collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_literal() {
        assert_eq!(text("shop"), "'shop'");
        assert_eq!(text("a' || true || '\\"), "'a\\' || true || \\'\\\\'");
        assert_eq!(text("ü\n"), "'\\U000000fc\\U0000000a'");
        assert_eq!(list(["a", "b"]), "['a', 'b']");
        assert_eq!(map([("a", text("1"))]), "{'a': '1'}");
    }
}
