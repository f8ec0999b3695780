//! Whether a route wants `GET /` without a header beside the host.
//!
//! Follows `ConfigUtility` and `HeaderUtility` of Envoy (source/common/router/config_utility.cc, source/common/http/header_utility.cc).

use regex::RegexBuilder;

use crate::oracle::envoy::{EnvoyHeaderMatch, EnvoyRouteMatch, EnvoyStringMatch};

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenRequest<'a> {
    pub(super) authority: &'a str,
    pub(super) is_encrypted: bool,
}

const PATH: &str = "/";

/// Whether the route is for the request.
pub(super) fn wants(wanted: &EnvoyRouteMatch, request: SeenRequest<'_>) -> bool {
    wants_path(wanted)
        && wanted.headers.iter().all(|header| wants_header(header, request))
        && wanted.query_parameters.iter().all(|parameter| parameter.present_match == Some(false))
        // What a token said: there is none.
        && wanted.dynamic_metadata.iter().all(|metadata| metadata.invert)
}

fn wants_path(wanted: &EnvoyRouteMatch) -> bool {
    if let Some(prefix) = &wanted.prefix {
        return PATH.starts_with(prefix.as_str());
    }
    if let Some(path) = &wanted.path {
        return path == PATH;
    }
    if let Some(safe) = &wanted.safe_regex {
        return fits(&safe.regex, PATH, false);
    }
    // The prefix has more than one character and no slash at its end.
    wanted.path_separated_prefix.is_none() && wanted.connect_matcher.is_none()
}

pub(super) fn wants_header(wanted: &EnvoyHeaderMatch, request: SeenRequest<'_>) -> bool {
    let value = match wanted.name.to_lowercase().as_str() {
        ":authority" | "host" => Some(request.authority),
        ":method" => Some("GET"),
        ":path" => Some(PATH),
        ":scheme" | "x-forwarded-proto" => Some(if request.is_encrypted { "https" } else { "http" }),
        _ => None,
    };
    let Some(text) = &wanted.string_match else {
        // Nothing but the name means that the header is there.
        return (value.is_some() == wanted.present_match.unwrap_or(true)) != wanted.invert_match;
    };
    // A header that is not there fits neither a text nor its reverse, unless it counts as an empty one.
    let value = value.or(wanted.treat_missing_header_as_empty.then_some(""));
    value.is_some_and(|value| wants_string(text, value) != wanted.invert_match)
}

pub(super) fn wants_string(wanted: &EnvoyStringMatch, value: &str) -> bool {
    let folded = |text: &str| if wanted.ignore_case { text.to_lowercase() } else { text.to_owned() };
    let value = folded(value);
    let is = |text: &Option<String>, holds: fn(&str, &str) -> bool| {
        text.as_ref().is_none_or(|text| holds(&value, &folded(text)))
    };
    is(&wanted.exact, |value, text| value == text)
        && is(&wanted.prefix, |value, text| value.starts_with(text))
        && is(&wanted.suffix, |value, text| value.ends_with(text))
        && is(&wanted.contains, |value, text| value.contains(text))
        && wanted.safe_regex.as_ref().is_none_or(|safe| fits(&safe.regex, &value, wanted.ignore_case))
}

/// As Envoy does, the whole text; an expression that is none fits nothing.
fn fits(expression: &str, text: &str, ignore_case: bool) -> bool {
    RegexBuilder::new(&format!("^(?:{expression})$"))
        .case_insensitive(ignore_case)
        .build()
        .is_ok_and(|expression| expression.is_match(text))
}
