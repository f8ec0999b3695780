//! What each check finds in its own test, taken into the program when it is built.
//!
//! Knows nothing of what the texts say.

use egress_diagnose::finding::Code;

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// What a person reads when a check has found something.
pub fn example(code: Code) -> Option<String> {
    let index = EXAMPLES.binary_search_by_key(&code.0, |(code, _)| *code).ok()?;
    let (_, text) = EXAMPLES.get(index)?;
    // One finding is an example; the next begins after an empty line.
    let first = text.split("\n\n").next().unwrap_or_default();
    Some(format!("{}\n", first.trim_end()))
}
