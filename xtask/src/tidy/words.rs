//! Words that make help and checks hard to read, so that they do not come back. Knows no grammar.

use super::{Tree, Violation, tree::code_lines};

/// What is found, and what to write instead.
const HARD: &[(&str, &str)] = &[
    ("whoever", "name the person: the caller, the owner, a user"),
    ("of which", "begin a new sentence"),
    ("serves for", "use a verb"),
    ("told apart", "recognise, separate"),
    ("looked at", "read, checked"),
    (" anew", "recreate, rewrite"),
    ("without a word", "silently"),
    ("let out", "allow, leave"),
    ("lets out", "allows"),
    ("hangs on", "depends on"),
    ("as it was asked for", "as recorded"),
];

/// Names and texts of checks, and help, hold none of these words.
pub(super) fn plain(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.shipped_rust() {
        let lines: Vec<(usize, &str)> = if path.contains("egress-diagnose/src/rules/") {
            code_lines(text).collect()
        } else if path.starts_with("crates/kubectl-egress/src/cli") {
            // The help of a flag is its comment.
            (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with("//!")).collect()
        } else {
            continue;
        };
        for (number, line) in lines {
            if let Some((word, better)) = HARD.iter().find(|(word, _)| has(line, word)) {
                violations.push(Violation::of_line(path, number, format!("`{}`: {better}", word.trim())));
            }
        }
    }
    violations
}

/// Whether a line has these words, as words: `let outside` lets nothing out.
fn has(line: &str, words: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    line.match_indices(words).any(|(start, _)| ends(&line[start + words.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_words_are_found_in_checks_and_help_only() {
        let tree = Tree::of(&[
            (
                "crates/egress-diagnose/src/rules/a.rs",
                "// looked at\nname: \"the host was looked at\",\nlet outside\n",
            ),
            (
                "crates/kubectl-egress/src/cli/add.rs",
                "//! Whoever.\n\n/// A pair of which one stays\nx: bool,\n",
            ),
            ("crates/egress-core/src/a.rs", "let text = \"whoever\";\n"),
        ]);

        let violations = plain(&tree);

        assert_eq!(violations.len(), 2);
        assert_eq!((violations[0].line, violations[1].line), (Some(2), Some(3)));
        assert_eq!(violations[0].message, "`looked at`: read, checked");
    }
}
