//! Keys and values of labels, as Kubernetes takes them.

use crate::intent::is_label;

/// Whether a text is the key of a label or an annotation: `owner`, `acme.com/owner`.
pub(super) fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified(name),
        None => is_qualified(key),
    }
}

/// Whether a text may be the value of a label.
pub(super) fn is_value(value: &str) -> bool {
    value.is_empty() || is_qualified(value)
}

/// Whether a text is a DNS-1123 subdomain: what most objects may be called.
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// At most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends.
fn is_qualified(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
