//! One file prints, so that what goes to stdout and what to stderr is decided once. Knows no message.

use super::{Tree, Violation, tree::code_lines};

/// The module that prints, with its folder, and the log of `-v`, which goes to stderr as it comes.
const PRINTERS: &[&str] = &["crates/kubectl-egress/src/terminal", "crates/kubectl-egress/src/logging.rs"];
const PRINTING: &[&str] =
    &["println!", "eprintln!", "print!(", "eprint!(", "dbg!(", "io::stdout", "io::stderr"];

/// No other file of the crates writes to stdout or stderr.
pub(super) fn only_the_terminal(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in
        tree.shipped_rust().filter(|(path, _)| !PRINTERS.iter().any(|printer| path.starts_with(printer)))
    {
        for (number, line) in code_lines(text) {
            if let Some(found) = PRINTING.iter().find(|name| line.contains(*name)) {
                violations.push(Violation::of_line(
                    path,
                    number,
                    format!("`{found}`: print through terminal.rs"),
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_beside_the_terminal_is_found_once_a_line() {
        let tree = Tree::of(&[
            ("crates/egress-core/src/a.rs", "eprintln!(\"a\");\n"),
            ("crates/kubectl-egress/src/terminal.rs", "println!();\n"),
            ("crates/kubectl-egress/tests/cli.rs", "println!();\n"),
        ]);

        let violations = only_the_terminal(&tree);

        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].path, "crates/egress-core/src/a.rs");
    }
}
