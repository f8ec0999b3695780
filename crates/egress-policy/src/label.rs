//! Keys and values of labels, by the names that policies call them.

use egress_core::intent::is_label;
pub(super) use egress_core::kubernetes_name::{is_label_value as is_value, is_qualified_name as is_key};

/// Whether a text is a DNS-1123 subdomain of labels: what is a name and a host as well.
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}
