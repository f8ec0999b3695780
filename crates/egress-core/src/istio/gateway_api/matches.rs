//! What the matches of HTTPRoutes and GRPCRoutes are in a VirtualService, and which of several goes first.
//!
//! Follows `createURIMatch` and its like, `createGRPCURIMatch` and `sortHTTPRoutes` in `conversion.go`.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::value::{list, text};

/// The match of a rule of an HTTPRoute.
pub(super) fn of_http(matched: &Value) -> Value {
    let path = matched.get("path").unwrap_or(&Value::Null);
    let value = text(path, "value").unwrap_or("/");
    let uri = match text(path, "type") {
        Some("Exact") => json!({ "exact": value }),
        Some("RegularExpression") => json!({ "regex": value }),
        _ if value == "/" => json!({ "prefix": value }),
        _ => json!({ "prefix": value.strip_suffix('/').unwrap_or(value) }),
    };
    let mut found = json!({ "uri": uri });
    for (field, named) in [("headers", "headers"), ("queryParams", "queryParams")] {
        let values = by_name(list(matched, named));
        if !values.is_empty() {
            found[field] = Value::Object(values);
        }
    }
    if let Some(method) = text(matched, "method") {
        found["method"] = json!({ "exact": method });
    }
    found
}

/// The match of a rule of a GRPCRoute: its methods are paths.
pub(super) fn of_grpc(matched: &Value) -> Value {
    let mut found = json!({});
    let headers = by_name(list(matched, "headers"));
    if !headers.is_empty() {
        found["headers"] = Value::Object(headers);
    }
    let Some(method) = matched.get("method") else { return found };
    let is_regex = text(method, "type") == Some("RegularExpression");
    let uri = match (text(method, "service"), text(method, "method")) {
        (Some(service), None) if is_regex => json!({ "regex": format!("/{service}/.+") }),
        (Some(service), None) => json!({ "prefix": format!("/{service}/") }),
        (Some(service), Some(name)) if is_regex => json!({ "regex": format!("/{service}/{name}") }),
        (Some(service), Some(name)) => json!({ "exact": format!("/{service}/{name}") }),
        (None, Some(name)) => json!({ "regex": format!("/[^/]+/{name}") }),
        (None, None) => return found,
    };
    found["uri"] = uri;
    found
}

/// Puts rules in the order in which they are tried: the most specific match first.
pub(super) fn sort(rules: &mut [Value]) {
    rules.sort_by_cached_key(|rule| {
        let matched = rule.pointer("/match/0");
        let one = matched.unwrap_or(&Value::Null);
        let uri = |field: &str| one.get("uri").and_then(|uri| text(uri, field)).map(str::len);
        let (rank, length) = match (uri("exact"), uri("prefix"), uri("regex")) {
            (Some(length), _, _) => (3, length),
            (_, Some(length), _) => (2, length),
            (_, _, Some(length)) => (1, length),
            _ => (-1, 0),
        };
        let count = |field: &str| one.get(field).and_then(Value::as_object).map_or(0, Map::len);
        let specific = (rank, length, one.get("method").is_some(), count("headers"), count("queryParams"));
        (matched.is_none(), matched.is_some().then_some(Reverse(specific)))
    });
}

fn by_name(conditions: &[Value]) -> Map<String, Value> {
    let condition = |it: &Value| {
        let value = text(it, "value").unwrap_or_default();
        let way = if text(it, "type") == Some("RegularExpression") { "regex" } else { "exact" };
        Some((text(it, "name")?.to_owned(), json!({ way: value })))
    };
    conditions.iter().filter_map(condition).collect()
}
