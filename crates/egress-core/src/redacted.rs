//! What stands in the place of a text that may be a secret.
//!
//! Equal texts get the same mark, so that what compares them finds the same; which text it was cannot be told from it. Knows
//! no place where secrets stand.

use std::collections::BTreeMap;

use serde_json::Value;

/// How a mark begins.
const REDACTED: &str = "(redacted";

/// Marks, by the text that each stands for.
#[derive(Debug, Default)]
pub struct Marks(BTreeMap<String, usize>);

impl Marks {
    /// The mark of a text: `(redacted 1)`. Numbered as they are met, so that nothing of a text is in it.
    pub fn of(&mut self, text: &str) -> String {
        let next = self.0.len() + 1;
        let number = self.0.entry(text.to_owned()).or_insert(next);
        format!("{REDACTED} {number})")
    }
}

/// Whether there is a mark anywhere in a value. What is written back from it would overwrite what was there.
pub fn is_redacted(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED),
        Value::Array(items) => items.iter().any(is_redacted),
        Value::Object(fields) => fields.values().any(is_redacted),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_texts_get_one_mark_which_says_nothing_of_them() {
        let mut marks = Marks::default();
        assert_eq!(
            (marks.of("a"), marks.of("b"), marks.of("a")),
            ("(redacted 1)".into(), "(redacted 2)".into(), "(redacted 1)".into())
        );
        assert!(is_redacted(&json!({ "a": [{ "b": format!("/x/{}", marks.of("c")) }] })));
        assert!(!is_redacted(&json!({ "(redacted": ["a", 1, null] })));
    }
}
