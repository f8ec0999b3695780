//! What Kubernetes takes as a name, a key or a value of a label: the rules of its API server.
//!
//! From `apimachinery/pkg/util/validation`. Knows texts only; nothing of which object has which name.

pub use crate::intent::is_label;

/// What [`is_label`] takes, in words.
pub const LABEL: &str = "lower-case letters, digits and `-`, at most 63";
/// What [`is_subdomain`] takes, in words.
pub const SUBDOMAIN: &str = "lower-case letters, digits, `-` and `.`, at most 253";
/// What [`is_qualified_name`] takes, in words.
pub const QUALIFIED_NAME: &str =
    "letters, digits, `-`, `_` and `.`, at most 63, after a prefix such as `example.com/`";
/// What [`is_label_value`] takes, in words.
pub const LABEL_VALUE: &str = "letters, digits, `-`, `_` and `.`, at most 63";

/// Whether a text is a DNS-1123 subdomain: what the API server takes as the name of nearly every object.
pub fn is_subdomain(text: &str) -> bool {
    let part = |part: &str| {
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = part.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    // Of a single part no length is demanded: names of pods are longer than labels.
    text.len() <= 253 && text.split('.').all(part)
}

/// Whether a text is the key of a label or an annotation: `name` or `prefix/name`.
pub fn is_qualified_name(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
        None => is_name(key),
    }
}

/// Whether a text is the value of a label; it may be empty.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

fn is_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_takes_is_taken() {
        for name in ["a", "edition-cnn-com", "a.b.c", "0", "10.0.0.1", &"a".repeat(253)] {
            assert!(is_subdomain(name), "{name}");
        }
        for key in ["app", "app.kubernetes.io/name", "a_b.C", "example.com/x_Y"] {
            assert!(is_qualified_name(key), "{key}");
        }
        for value in ["", "v1.0_beta-2", "X"] {
            assert!(is_label_value(value), "{value}");
        }
    }

    #[test]
    fn what_a_shell_or_kubectl_would_obey_is_not() {
        let hostile = [
            "--all", "-n", "a b", "a;b", "$(id)", "`id`", "a'b", "a\"b", "a\nb", "~", "*", "{a,b}", "a\0",
            "!x", "a=b",
        ];
        for text in hostile {
            assert!(!is_subdomain(text) && !is_qualified_name(text) && !is_label_value(text), "{text:?}");
        }
        for key in ["", "/a", "a/", "a/b/c", "A.com/x", "-a.com/x", "a..com/x"] {
            assert!(!is_qualified_name(key), "{key:?}");
        }
        assert!(!is_subdomain("") && !is_subdomain("a.") && !is_subdomain("A"));
    }
}
