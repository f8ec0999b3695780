//! The tree by which the inner listener of a waypoint chooses a filter chain: `xds.type.matcher.v3.Matcher`.
//!
//! Knows the inputs that istiod uses: the destination's address and port, and the protocol that was found out.

use serde::Deserialize as _;
use serde_json::Value;

use super::{chains::prefix, listeners::SeenConnection};
use crate::oracle::envoy::CidrRange;

/// The name of the chain; none where nothing matches.
pub(super) fn choose<'m>(matcher: &'m Value, seen: &SeenConnection<'_>) -> Option<&'m str> {
    let tree = &matcher["matcherTree"];
    let input = tree["input"]["typedConfig"]["@type"].as_str().unwrap_or_default();
    let found = if let Some(ranges) = tree.pointer("/customMatch/typedConfig/rangeMatchers") {
        by_range(ranges, seen)
    } else {
        let map = &tree["exactMatchMap"]["map"];
        if input.ends_with("DestinationPortInput") {
            follow(&map[seen.port.to_string()], seen)
        } else if input.ends_with("ApplicationProtocolInput") {
            let mut said = seen.application_protocols.iter();
            said.find_map(|protocol| follow(&map[format!("'{protocol}'")], seen))
        } else {
            None
        }
    };
    found.or_else(|| follow(&matcher["onNoMatch"], seen))
}

/// The narrowest range first, and the next one where that leads nowhere.
fn by_range<'m>(ranges: &'m Value, seen: &SeenConnection<'_>) -> Option<&'m str> {
    let mut fitting: Vec<(usize, &'m Value)> = Vec::new();
    for matcher in ranges.as_array().into_iter().flatten() {
        let own = Vec::<CidrRange>::deserialize(&matcher["ranges"]).unwrap_or_default();
        fitting.extend(prefix(&own, Some(seen.address)).map(|width| (width, matcher)));
    }
    fitting.sort_by_key(|(width, _)| std::cmp::Reverse(*width));
    fitting.into_iter().find_map(|(_, matcher)| follow(&matcher["onMatch"], seen))
}

fn follow<'m>(found: &'m Value, seen: &SeenConnection<'_>) -> Option<&'m str> {
    match found.get("action") {
        Some(action) => action["name"].as_str(),
        None => found.get("matcher").and_then(|matcher| choose(matcher, seen)),
    }
}
