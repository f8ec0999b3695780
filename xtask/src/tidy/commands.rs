//! A command that people paste is a `ShellCommand`: no text puts a name into one, as the name may hold more than a name.
//!
//! Looks at the texts of the source. A command without a part that is filled in, such as `kubectl get namespaces`, is a text
//! as any other.

use super::{Tree, Violation, tree::code_lines};

/// How a command begins in a sentence.
const BEGINNINGS: [&str; 3] = ["`kubectl ", "`istioctl ", "`rustup "];

/// No text between backticks is a command with something filled in.
pub(super) fn of_words(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.shipped_rust().filter(|(path, _)| path.starts_with("crates/")) {
        for (number, line) in code_lines(text) {
            let commands = BEGINNINGS.iter().flat_map(|beginning| line.split(beginning).skip(1));
            let mut commands = commands.map(|rest| rest.split('`').next().unwrap_or_default());
            if commands.any(fills_in) {
                let message =
                    "a command with a part that is filled in: make it of words, as a `ShellCommand`";
                violations.push(Violation::of_line(path, number, message));
            }
        }
    }
    violations
}

/// Whether a text has a place for a value: `{}` or `{name}`, and not the `{.field}` of a template.
fn fills_in(command: &str) -> bool {
    let places = command.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    places.map(|(place, _)| place).any(|place| {
        place
            .split(':')
            .next()
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_text_of_a_command_is_found() {
        let tree = Tree::of(&[
            ("crates/egress-core/src/a.rs", "format!(\"remove it: `kubectl delete {} -n {}`\", a, b);\n"),
            ("crates/egress-core/src/b.rs", "format!(\"type `kubectl egress policy update {name}`\");\n"),
            ("crates/egress-core/src/c.rs", "let hint = \"type `kubectl get namespaces`, or {name}\";\n"),
            ("crates/egress-core/src/d.rs", "\"`kubectl get configmap istio -o jsonpath='{.data.mesh}'`\"\n"),
            ("crates/egress-core/src/e.rs", "format!(\"remove it: `{delete}`\");\n"),
        ]);

        let violations = of_words(&tree);

        let found: Vec<&str> = violations.iter().map(|violation| violation.path.as_str()).collect();
        assert_eq!(found, ["crates/egress-core/src/a.rs", "crates/egress-core/src/b.rs"]);
    }
}
