//! Which routes of a virtual host a request can reach: Envoy takes the first that matches, so that nothing behind a route
//! that matches everything is ever asked.
//!
//! Knows the few conditions that every request of a host fulfils. A condition that it does not know may fail.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Under which condition a route is taken.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RouteMatch {
    prefix: Option<String>,
    safe_regex: Option<Regex>,
    headers: Vec<HeaderMatch>,
    case_sensitive: Option<IgnoredAny>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Regex {
    #[serde(default)]
    regex: String,
}

#[derive(Deserialize)]
struct HeaderMatch {
    #[serde(default)]
    name: String,
    #[serde(default)]
    present_match: bool,
    string_match: Option<StringMatch>,
    #[serde(default)]
    invert_match: bool,
}

#[derive(Deserialize)]
struct StringMatch {
    safe_regex: Option<Regex>,
}

impl RouteMatch {
    /// Whether every request of the virtual host matches.
    pub(super) fn takes_all(&self) -> bool {
        let every_path = self.prefix.as_deref().is_some_and(|prefix| matches!(prefix, "" | "/"))
            || self.safe_regex.as_ref().is_some_and(Regex::is_everything);
        every_path && self.headers.iter().all(HeaderMatch::takes_all) && self.others.is_empty()
    }
}

impl HeaderMatch {
    /// A virtual host is chosen by the authority, which every request therefore has.
    fn takes_all(&self) -> bool {
        let regex = self.string_match.as_ref().and_then(|matched| matched.safe_regex.as_ref());
        self.name == ":authority"
            && !self.invert_match
            && (self.present_match || regex.is_some_and(Regex::is_everything))
    }
}

impl Regex {
    fn is_everything(&self) -> bool {
        self.regex == ".*"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_all(json: &str) -> bool {
        serde_json::from_str::<RouteMatch>(json).unwrap().takes_all()
    }

    #[test]
    fn a_route_without_conditions_and_one_for_every_authority_take_all() {
        for json in [
            r#"{"prefix": "/"}"#,
            r#"{"prefix": "/", "case_sensitive": true}"#,
            r#"{"safe_regex": {"regex": ".*"}, "case_sensitive": true}"#,
            r#"{"prefix": "/", "headers": [{"name": ":authority", "present_match": true}]}"#,
            r#"{"prefix": "/", "headers": [{"name": ":authority", "string_match": {"safe_regex": {"regex": ".*"}}}]}"#,
        ] {
            assert!(takes_all(json), "{json}");
        }
    }

    #[test]
    fn a_route_with_a_condition_takes_what_fulfils_it() {
        for json in [
            "{}",
            r#"{"prefix": "/login"}"#,
            r#"{"path": "/"}"#,
            r#"{"prefix": "/", "headers": [{"name": ":authority", "string_match": {"exact": "edition.cnn.com:8080"}}]}"#,
            r#"{"prefix": "/", "headers": [{"name": ":authority", "present_match": true, "invert_match": true}]}"#,
            r#"{"prefix": "/", "headers": [{"name": "authorization", "present_match": true}]}"#,
            r#"{"prefix": "/", "query_parameters": [{"name": "a", "present_match": true}]}"#,
            r#"{"prefix": "/", "something": {"new": 1}}"#,
        ] {
            assert!(!takes_all(json), "{json}");
        }
    }
}
