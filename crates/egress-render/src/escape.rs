//! Makes visible what a terminal would obey: texts of a cluster are written by anyone who may write an annotation.
//!
//! Knows characters only. JSON and YAML have escapes of their own; see `document`.

use std::borrow::Cow;

pub use egress_core::text::is_hidden;

/// The text with every character that moves, hides or colours written as an escape: `\u{1b}`, `\n`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(escape("edition.cnn.com · naïve · 東京"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_ansi_sequence_becomes_visible() {
        assert_eq!(escape("\u{1b}[31mred\u{9b}0m\r\n"), "\\u{1b}[31mred\\u{9b}0m\\r\\n");
    }

    #[test]
    fn text_cannot_be_reordered() {
        assert_eq!(escape("ab\u{202e}cd\u{2066}"), "ab\\u{202e}cd\\u{2066}");
    }

    proptest! {
        #[test]
        fn no_hidden_character_gets_through(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(is_hidden));
        }

        #[test]
        fn escaping_twice_changes_nothing_more(text in any::<String>()) {
            let once = escape(&text).into_owned();
            prop_assert_eq!(escape(&once), once.as_str());
        }
    }
}
