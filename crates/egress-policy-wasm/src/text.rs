//! Text of a stranger made fit for a terminal: no control characters, no escape sequences, no more than so many bytes.

use std::ops::ControlFlow;

use egress_core::text::is_hidden;

/// How much of a word is shown, in bytes or a few more.
const QUOTED: usize = 80;

/// The text without control characters and escape sequences, cut to so many bytes between two characters.
///
/// Line breaks and tabs become spaces: what a policy says is one line of a table or of a message.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(limit));
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let kept = match character {
            '\u{1b}' => {
                skip_sequence(&mut characters);
                continue;
            }
            '\u{9b}' => {
                skip_parameters(&mut characters);
                continue;
            }
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            character if is_hidden(character) => continue,
            character => character,
        };
        if cleaned.len() + kept.len_utf8() > limit {
            break;
        }
        cleaned.push(kept);
    }
    cleaned
}

/// The text as a word in a message: what is hidden is shown as an escape, what is long is cut.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if shown.len() >= QUOTED {
            shown.push('…');
            break;
        }
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    format!("`{shown}`")
}

/// Whether a text would be changed by [`clean`]: what names something must not be.
pub(crate) fn is_clean(text: &str, limit: usize) -> bool {
    text.len() <= limit && !text.chars().any(is_hidden)
}

/// Skips what follows an escape character: a control sequence, a string such as a window's title, or one character.
fn skip_sequence(characters: &mut std::str::Chars<'_>) {
    match characters.next() {
        Some('[') => skip_parameters(characters),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let _ = characters.try_fold(' ', |last, character| match character {
                '\u{7}' | '\u{9c}' => ControlFlow::Break(()),
                '\\' if last == '\u{1b}' => ControlFlow::Break(()),
                character => ControlFlow::Continue(character),
            });
        }
        _ => (),
    }
}

fn skip_parameters(characters: &mut std::str::Chars<'_>) {
    let _ = characters.find(|character| matches!(character, '\u{40}'..='\u{7e}'));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_bells_are_taken_out() {
        assert_eq!(clean("\u{1b}[1;31mdenied\u{1b}[0m", 100), "denied");
        assert_eq!(clean("a\u{1b}]0;title\u{7}b\u{1b}]8;;https://x\u{1b}\\c", 100), "abc");
        assert_eq!(clean("\u{9b}31mred\u{7}\u{8}", 100), "red");
        assert_eq!(clean("ends in \u{1b}", 100), "ends in ");
    }

    #[test]
    fn lines_become_one_line() {
        assert_eq!(clean("one\r\ntwo\tthree", 100), "one  two three");
    }

    #[test]
    fn text_that_reads_another_way_than_it_is_written_is_taken_out() {
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{feff}", 100), "abc");
    }

    #[test]
    fn text_is_cut_between_two_characters() {
        assert_eq!(clean("ääää", 5), "ää");
        assert_eq!(clean("abc", 0), "");
    }

    #[test]
    fn a_word_in_a_message_shows_what_it_hides() {
        assert_eq!(quoted("a\u{1b}[8mb"), "`a\\u{1b}[8mb`");
        assert_eq!(quoted(&"x".repeat(100)), format!("`{}…`", "x".repeat(80)));
    }

    proptest! {
        #[test]
        fn what_was_cleaned_is_clean(text in any::<String>(), limit in 0_usize..64) {
            let cleaned = clean(&text, limit);
            prop_assert!(is_clean(&cleaned, limit));
            prop_assert_eq!(clean(&cleaned, limit), cleaned.clone());
        }
    }
}
