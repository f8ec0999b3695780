//! Fields of objects that are kept as they were written.

use serde_json::Value;

/// A text; none where it is missing.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// A number; none where it is missing.
pub(super) fn number(value: &Value, field: &str) -> Option<i64> {
    value.get(field)?.as_i64()
}

/// A list; an empty one where it is missing.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list.
pub(super) fn texts<'a>(value: &'a Value, field: &str) -> Vec<&'a str> {
    list(value, field).iter().filter_map(Value::as_str).collect()
}
