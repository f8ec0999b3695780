//! One word of a command, of a kind that is known.
//!
//! Knows which texts are of which kind. Knows nothing of the command.

use serde_json::Value;

use crate::host::Host;
use crate::kubernetes_name::{is_label, is_label_value, is_qualified_name, is_subdomain};
use crate::redacted::is_redacted;
use crate::text::is_hidden;

/// A word; none where the text was not of the kind that it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(Option<String>);

impl Word {
    /// The name of an object. It begins with a letter or a digit, so that it is no flag.
    pub fn name(text: &str) -> Self {
        Word::checked(text, is_subdomain)
    }

    /// A namespace.
    pub fn namespace(text: &str) -> Self {
        Word::checked(text, is_label)
    }

    /// `KIND/NAME`, as kubectl takes objects. The kind may be qualified with its group.
    pub fn object(kind: &str, name: &str) -> Self {
        Word::checked(kind, is_subdomain).and("/").and(Word::name(name))
    }

    /// The key of a label or an annotation.
    pub fn key(text: &str) -> Self {
        Word::checked(text, is_qualified_name)
    }

    /// The value of a label.
    pub fn label_value(text: &str) -> Self {
        Word::checked(text, is_label_value)
    }

    /// Labels as kubectl selects by them: `app=web,tier=front`.
    pub fn selector<'a>(labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        labels.into_iter().fold(Word::from(""), |word, (key, value)| {
            let separator = if word.is_empty() { "" } else { "," };
            word.and(separator).and(Word::key(key)).and("=").and(Word::label_value(value))
        })
    }

    /// A host outside the mesh, or a wildcard over such hosts.
    pub fn host(text: &str) -> Self {
        // Also one that is refused as an egress: it is told, and what to type about it.
        if is_subdomain(text.strip_prefix("*.").unwrap_or(text)) {
            return Word(Some(text.to_owned()));
        }
        Word(Host::parse(text).ok().map(|host| host.to_string()))
    }

    /// The host and port of a server, such as a registry: `ghcr.io`, `localhost:5000`, `[::1]:5000`.
    pub fn authority(text: &str) -> Self {
        let fits =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        Word::checked(text, |text| !text.is_empty() && !text.starts_with('-') && text.bytes().all(fits))
    }

    /// The name of a variable of an environment.
    pub fn variable(text: &str) -> Self {
        let is_variable = |text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            text.bytes().all(fits) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        };
        Word::checked(text, is_variable)
    }

    /// A number.
    pub fn number(number: impl Into<i64>) -> Self {
        Word(Some(number.into().to_string()))
    }

    /// A document. What nobody would see in it is written as JSON's escapes. One with a part that was redacted is no word:
    /// written back, it would overwrite what was there.
    pub fn json(document: &Value) -> Self {
        if is_redacted(document) {
            return Word(None);
        }
        let mut text = String::new();
        for character in document.to_string().chars() {
            if is_hidden(character) {
                let mut units = [0; 2];
                text.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            } else {
                text.push(character);
            }
        }
        Word(Some(text))
    }

    /// A path of a file, or another word that may be any text that can be seen. With a dash in front it is written as
    /// below the working directory, so that it is no flag.
    pub fn path(text: &str) -> Self {
        let dash = if text.starts_with('-') { "./" } else { "" };
        Word::from(dash).and(Word::checked(text, |text| !text.is_empty() && !text.contains(is_hidden)))
    }

    /// What follows the `=` or the `:` of another word: any text that can be seen.
    pub fn value(text: &str) -> Self {
        Word::checked(text, |text| !text.contains(is_hidden))
    }

    /// Both as one word.
    #[must_use]
    pub fn and(self, next: impl Into<Word>) -> Self {
        Word(self.0.zip(next.into().0).map(|(one, other)| one + &other))
    }

    /// As a shell reads it as one word.
    pub(super) fn quoted(self) -> Option<String> {
        quoted(&self.0?)
    }

    fn is_empty(&self) -> bool {
        self.0.as_ref().is_some_and(String::is_empty)
    }

    fn checked(text: &str, fits: impl Fn(&str) -> bool) -> Self {
        Word(Some(text).filter(|text| fits(text)).map(str::to_owned))
    }
}

/// A text as a shell reads it as one word; none where no shell can hold it.
pub fn quoted(text: &str) -> Option<String> {
    // An `=` means something in front only, and a comma in braces only.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-./:@_=,".contains(&byte);
    if !text.is_empty() && !text.starts_with('=') && text.bytes().all(is_plain) {
        return Some(text.to_owned());
    }
    Some(shlex::try_quote(text).ok()?.into_owned())
}

impl From<&'static str> for Word {
    /// A word that is written in this program.
    fn from(text: &'static str) -> Self {
        Word(Some(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_sees_is_escaped_in_a_document_and_means_the_same() {
        let document = json!({ "a\u{202e}": "b\u{0}\u{7f}\u{3164}\u{e0041}\n" });
        let text = Word::json(&document).0.unwrap();
        assert!(!text.contains(is_hidden), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }

    #[test]
    fn a_selector_is_of_labels_only() {
        let labels =
            |value: &str| BTreeMap::from([("app".to_owned(), value.to_owned()), ("x".into(), String::new())]);
        assert_eq!(Word::selector(&labels("web")).quoted().unwrap(), "app=web,x=");
        assert_eq!(Word::selector(&labels("x;touch${IFS}pwned;#")), Word(None));
        assert_eq!(Word::selector(&labels("a,b")), Word(None), "no second label");
    }

    #[test]
    fn a_path_is_no_flag_and_a_host_no_path() {
        assert_eq!(Word::path("--all").quoted().unwrap(), "./--all");
        assert_eq!(Word::path("a b").quoted().unwrap(), "'a b'");
        assert_eq!(Word::path("a\u{202e}b"), Word(None));
        assert_eq!(Word::host("*.cnn.com").quoted().unwrap(), "'*.cnn.com'");
        for text in ["--all", "-n", "a;b.com", "", "a b.com"] {
            assert_eq!(Word::host(text), Word(None), "{text}");
        }
        assert_eq!(Word::variable("HTTP_PROXY").and("-").quoted().unwrap(), "HTTP_PROXY-");
        assert_eq!(Word::variable("-A").and("-"), Word(None));
    }
}
