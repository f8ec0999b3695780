//! Whether a rule of a VirtualService takes a plain request: `GET /` with a host and no further headers.
//!
//! Follows `TranslateRouteMatch`, `translateHeaderMatch` and `IsCatchAllRoute` in `pilot/pkg/networking/core/route/route.go`,
//! and Envoy's matchers. Knows nothing of ports, gateways and sources.

use egress_istio::virtual_service as generated;
use egress_istio::virtual_service::VirtualServiceHttpMatch;
use regex::Regex;

/// The request.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainRequest<'q> {
    /// Its `Host` header, with a port where it has one.
    pub(super) authority: &'q str,
    /// `http`, or `https` behind TLS that the proxy ended.
    pub(super) scheme: &'q str,
}

/// Whether the rule takes it.
pub(super) fn takes(matched: &VirtualServiceHttpMatch, request: PlainRequest<'_>) -> bool {
    let text = |header: &str| match header.to_ascii_lowercase().as_str() {
        ":authority" | "host" => Some(request.authority),
        ":method" => Some("GET"),
        ":path" => Some("/"),
        ":scheme" => Some(request.scheme),
        _ => None,
    };
    let header = |(name, wanted): (&String, &generated::VirtualServiceHttpMatchHeaders)| {
        header_holds(wanted.text_match(), text(name))
    };
    let absent = |(name, unwanted): (&String, &generated::VirtualServiceHttpMatchWithoutHeaders)| {
        let unwanted = unwanted.text_match();
        match (text(name), unwanted) {
            (None, TextMatch::Present) => true,
            (None, unwanted) => !unwanted.holds(""),
            (value, unwanted) => !header_holds(unwanted, value),
        }
    };
    matched.uri.as_deref().is_none_or(uri_holds)
        && matched.headers.iter().flatten().all(header)
        && matched.without_headers.iter().flatten().all(absent)
        && matched.method.as_deref().is_none_or(|it| header_holds(it.text_match(), Some("GET")))
        && matched.authority.as_deref().is_none_or(|it| header_holds(it.text_match(), Some(request.authority)))
        && matched.scheme.as_deref().is_none_or(|it| header_holds(it.text_match(), Some(request.scheme)))
        // The request has no query.
        && matched.query_params.iter().flatten().next().is_none()
}

/// Whether istiod takes it for a match of everything: no rule behind it counts, and at a gateway it goes last.
pub(super) fn is_catch_all(matched: &VirtualServiceHttpMatch) -> bool {
    let every_path = matched.uri.as_deref().is_none_or(|uri| match uri.text_match() {
        TextMatch::Prefix(prefix) => prefix == "/",
        TextMatch::Regex(regex) => regex == ".*",
        TextMatch::Present => true,
        TextMatch::Exact(_) => false,
    });
    every_path
        && matched.headers.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
        && matched.without_headers.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
        && matched.query_params.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
        && matched.method.is_none()
        && matched.authority.is_none()
        && matched.scheme.is_none()
}

fn uri_holds(uri: &generated::VirtualServiceHttpMatchUri) -> bool {
    match uri.text_match() {
        TextMatch::Prefix(prefix) => "/".starts_with(prefix),
        TextMatch::Present => true,
        other => other.holds("/"),
    }
}

fn header_holds(wanted: TextMatch<'_>, value: Option<&str>) -> bool {
    value.is_some_and(|value| wanted.holds(value))
}

/// One of istio's ways to compare texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextMatch<'s> {
    Exact(&'s str),
    Prefix(&'s str),
    Regex(&'s str),
    /// Nothing, or the regex `*`: it has to be there.
    Present,
}

impl TextMatch<'_> {
    fn holds(self, text: &str) -> bool {
        match self {
            TextMatch::Exact(exact) => text == exact,
            TextMatch::Prefix(prefix) => text.starts_with(prefix),
            // What `add` writes; of many hosts each would be compiled.
            TextMatch::Regex(".*") | TextMatch::Present => true,
            // A regex that Envoy cannot read matches nothing here; istiod's webhook refuses it.
            TextMatch::Regex(regex) => {
                Regex::new(&format!("^(?:{regex})$")).is_ok_and(|regex| regex.is_match(text))
            }
        }
    }
}

/// The generated code has a type for each place of the same three fields.
pub(super) trait ThreeWays {
    /// The one that is written.
    fn text_match(&self) -> TextMatch<'_>;
}

macro_rules! three_ways {
    ($($type:ident),*) => { $(
        impl ThreeWays for generated::$type {
            fn text_match(&self) -> TextMatch<'_> {
                match (&self.exact, &self.prefix, &self.regex) {
                    (Some(exact), _, _) => TextMatch::Exact(exact),
                    (None, Some(prefix), _) => TextMatch::Prefix(prefix),
                    (None, None, Some(regex)) if regex != "*" => TextMatch::Regex(regex),
                    _ => TextMatch::Present,
                }
            }
        }
    )* };
}

three_ways!(
    VirtualServiceHttpMatchUri,
    VirtualServiceHttpMatchHeaders,
    VirtualServiceHttpMatchWithoutHeaders,
    VirtualServiceHttpMatchMethod,
    VirtualServiceHttpMatchAuthority,
    VirtualServiceHttpMatchScheme,
    VirtualServiceHttpMatchQueryParams
);
