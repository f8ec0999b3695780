//! What to say about a word that is not known: which ones are, and which was most likely meant.

use std::borrow::Borrow;

use crate::host::printable;

/// `expected default, kind or policies, found the field defaults; did you mean default?`
pub fn unknown(what: &str, found: &str, expected: &[&str]) -> String {
    let listed: Vec<String> = expected.iter().map(|word| format!("`{word}`")).collect();
    let listed = list(&listed, "or");
    let hint = closest(found, expected).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
    format!("expected {listed}, found the {what} `{}`{hint}", printable(found))
}

/// `hosts, naming or pinning`; `joint` stands before the last.
pub fn list<W: Borrow<str>>(words: &[W], joint: &str) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} {joint} {}", rest.join(", "), last.borrow()),
        all => all.concat(),
    }
}

/// The word that was most likely meant: at most a third of its letters differ, whatever joins its parts.
fn closest<'a>(found: &str, expected: &[&'a str]) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    let distance = |word: &str| strsim::damerau_levenshtein(&plain(found), &plain(word));
    let best = expected.iter().copied().min_by_key(|word| distance(word))?;
    (distance(best) * 3 <= best.len().max(3)).then_some(best)
}
