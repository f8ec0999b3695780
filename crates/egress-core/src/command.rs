//! A command that somebody pastes into a shell, made word by word.
//!
//! What stands in it may come from objects, files and bundles that anybody wrote. So a command cannot be made from a text:
//! each word is either written in this program, or of a kind that is checked where it is put in. With a word that is not of
//! its kind there is no command at all, and the reader is told to do it by hand. Knows POSIX's quoting and the syntax of
//! names; nothing of what a command does.

use std::fmt;

use serde::{Serialize, Serializer};

mod word;

pub use word::{Word, quoted};

/// What is told where there is no command.
const BY_HAND: &str =
    "by hand: no command is shown, because it has a name that Kubernetes does not accept, or a redacted part";

/// One command, or several that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// As a shell reads it; none where a word is not what it should be.
    text: Option<String>,
}

impl ShellCommand {
    /// A command that begins with these words.
    pub fn new<const N: usize>(words: [&'static str; N]) -> Self {
        ShellCommand { text: Some(String::new()) }.words(words)
    }

    /// The same with these words behind it.
    #[must_use]
    pub fn words<const N: usize>(self, words: [&'static str; N]) -> Self {
        words.into_iter().fold(self, ShellCommand::word)
    }

    /// The same with one more word.
    #[must_use]
    pub fn word(self, word: impl Into<Word>) -> Self {
        let joined = self
            .text
            .zip(word.into().quoted())
            .map(|(text, word)| if text.is_empty() { word } else { format!("{text} {word}") });
        ShellCommand { text: joined }
    }

    /// The same with one more word for each of these.
    #[must_use]
    pub fn each(self, words: impl IntoIterator<Item = Word>) -> Self {
        words.into_iter().fold(self, ShellCommand::word)
    }

    /// `KIND/NAME`, which kubectl cannot take for a flag.
    #[must_use]
    pub fn object(self, kind: &str, name: &str) -> Self {
        self.word(Word::object(kind, name))
    }

    /// `-n NAMESPACE`; nothing where an object of a file says none, as it then goes where kubectl's context leads.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        if namespace.is_empty() { self } else { self.word("-n").word(Word::namespace(namespace)) }
    }

    /// `kubectl get KIND/NAME -n NAMESPACE -o yaml`: shows an object as it is.
    pub fn show(kind: &str, name: &str, namespace: &str) -> Self {
        let get = ShellCommand::new(["kubectl", "get"]).object(kind, name);
        get.in_namespace(namespace).words(["-o", "yaml"])
    }

    /// `kubectl delete KIND/NAME -n NAMESPACE`.
    pub fn delete(kind: &str, name: &str, namespace: &str) -> Self {
        ShellCommand::new(["kubectl", "delete"]).object(kind, name).in_namespace(namespace)
    }

    /// What follows where this one succeeded: `this && next`.
    #[must_use]
    pub fn and_then(self, next: ShellCommand) -> Self {
        self.joined(" && ", next)
    }

    /// What reads the output of this one: `this | next`.
    #[must_use]
    pub fn into_command(self, next: ShellCommand) -> Self {
        self.joined(" | ", next)
    }

    /// As a shell reads it; none where a word is not what it should be.
    pub fn as_text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    fn joined(self, with: &str, next: ShellCommand) -> Self {
        ShellCommand { text: self.text.zip(next.text).map(|(one, other)| format!("{one}{with}{other}")) }
    }
}

impl fmt::Display for ShellCommand {
    /// What to type, or that there is nothing to type.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_text().unwrap_or(BY_HAND))
    }
}

impl Serialize for ShellCommand {
    /// What to type; empty where there is nothing to type.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_text().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_more_into_them() {
        let patch = json!({ "a": "it's $(id) `id` !x \\ \"" });
        let command = ShellCommand::new(["kubectl", "patch"])
            .object("service", "gateway")
            .in_namespace("istio-system")
            .word("-p")
            .word(Word::json(&patch));
        let words = shlex::split(command.as_text().unwrap()).unwrap();
        assert_eq!(words[..6], ["kubectl", "patch", "service/gateway", "-n", "istio-system", "-p"]);
        assert_eq!(words[6], patch.to_string());
    }

    #[test]
    fn one_word_of_the_wrong_kind_leaves_no_command() {
        let named = |name| ShellCommand::new(["kubectl", "delete"]).object("pod", name);
        assert_eq!(named("a").to_string(), "kubectl delete pod/a");
        for hostile in ["--all", "a;id", "$(id)", "", "a b", "a\n", "A"] {
            assert_eq!(named(hostile).as_text(), None, "{hostile:?}");
            assert_eq!(named("a").and_then(named(hostile)).as_text(), None, "{hostile:?}");
            assert_eq!(
                named(hostile).into_command(named("a")).in_namespace("b").as_text(),
                None,
                "{hostile:?}"
            );
            assert_eq!(json!(named(hostile)), json!(""));
        }
    }
}
