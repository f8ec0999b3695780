//! Makes a server's text fit for one line of a terminal.
//!
//! Knows text only, no errors.

use egress_core::text::is_hidden;

use super::ConflictCause;

/// An external text on one line: line breaks become spaces, other hidden characters are escaped, long text is cut.
pub fn one_line(text: &str) -> String {
    const SHOWN: usize = 1000;
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().flat_map(escape));
        if line.chars().count() > SHOWN {
            return line.chars().take(SHOWN).chain(['…']).collect();
        }
    }
    line
}

/// `conflict with "kubectl-edit" on .spec.hosts, .spec.ports`, one clause per manager.
pub(super) fn conflicts(causes: &[ConflictCause]) -> String {
    let mut managers: Vec<&str> = causes.iter().map(|cause| cause.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    let clause = |manager: &str| {
        let fields: Vec<&str> = causes
            .iter()
            .filter(|cause| cause.manager == manager)
            .map(|cause| cause.field.as_str())
            .collect();
        format!("conflict with \"{manager}\" on {}", fields.join(", "))
    };
    managers.into_iter().map(clause).collect::<Vec<_>>().join("; ")
}

fn escape(character: char) -> Vec<char> {
    if is_hidden(character) { character.escape_unicode().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_escape_sequences_never_reach_a_terminal() {
        assert_eq!(one_line("a\r\n  b\u{1b}[31mred"), "a b\\u{1b}[31mred");
        assert_eq!(one_line("\u{202e}evil"), "\\u{202e}evil");
    }

    /// Each character of the one list in `egress_core::text`.
    #[test]
    fn no_hidden_character_of_a_server_reaches_a_terminal() {
        for hidden in ('\0'..=char::MAX).filter(|character| is_hidden(*character)) {
            let line = one_line(&format!("a{hidden}b"));
            assert!(!line.contains(is_hidden), "{}", hidden.escape_unicode());
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let line = one_line(&"word ".repeat(1_000));
        assert!(line.ends_with('…') && line.chars().count() == 1001, "{line}");
    }

    #[test]
    fn conflicts_are_told_by_manager() {
        let cause =
            |manager: &str, field: &str| ConflictCause { manager: manager.into(), field: field.into() };
        let causes =
            [cause("helm", ".spec.hosts"), cause("edit", ".spec.ports"), cause("helm", ".spec.ports")];
        assert_eq!(
            conflicts(&causes),
            "conflict with \"edit\" on .spec.ports; conflict with \"helm\" on .spec.hosts, .spec.ports"
        );
    }
}
