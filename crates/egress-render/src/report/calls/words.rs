//! Words for calls: who calls, which objects decide, how it ends. Knows nothing of layout.

use std::collections::BTreeSet;

use egress_diagnose::calls::{CallWay, FollowedCall, WayResult};
use egress_diagnose::finding::{Level, Place, SourceLine};

use super::super::page::{Mark, counted};

/// Namespaces and pods that are named; the others are counted.
pub(super) const NAMED: usize = 4;
/// The indent of a proxy.
pub(super) const PROXY: &str = "    ";

/// `authorizationpolicy istio-system/callers`.
pub(super) fn may_refuse(way: &CallWay) -> Option<String> {
    let policies: Vec<String> = way.may_be_refused_by.iter().map(brief).collect();
    (!policies.is_empty()).then(|| few(&policies))
}

/// The mark of a result.
pub(super) fn mark(result: WayResult) -> Mark {
    match result {
        WayResult::ThroughGateway => Mark::Good,
        WayResult::Directly => Mark::Wrong(Level::Warning),
        WayResult::InCluster => Mark::Wrong(Level::Info),
        WayResult::Refused => Mark::Wrong(Level::Error),
    }
}

/// `virtualservice shop/cnn: spec.http[0] (mesh.yaml:12)`.
pub(super) fn brief(place: &Place) -> String {
    let Place { kind, namespace, name, field, source, .. } = place;
    let namespace = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let field = field.as_ref().map(|field| format!(": {field}")).unwrap_or_default();
    let source = source.as_ref().map(|SourceLine { file, line }| format!(" ({file}:{line})"));
    format!("{} {namespace}{name}{field}{}", kind.to_ascii_lowercase(), source.unwrap_or_default())
}

/// The namespaces of the callers.
pub(super) fn namespaces(call: &FollowedCall) -> Vec<String> {
    let all: BTreeSet<&str> = call.callers.iter().map(|caller| caller.namespace.as_str()).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// `a, b, c, d and 3 others`.
pub(super) fn few(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        all if all.len() > NAMED => {
            let (named, others) = all.split_at(NAMED);
            format!("{} and {}", named.join(", "), counted(others.len(), "other"))
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
