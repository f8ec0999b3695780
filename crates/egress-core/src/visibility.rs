//! Who sees what: Istio's rules of visibility, as pure functions of objects.
//!
//! Each function names the place in istio/istio that it follows (read at 1.31). What is deliberately not known:
//! `meshConfig.default*ExportTo` (`defaults` writes them into the objects, so that without `exportTo` means `*` here, Istio's
//! own default), objects for chosen workloads only (a DestinationRule with a `workloadSelector` is left out), and the
//! Gateway API.

use jiff::Timestamp;

use crate::istio::simulation::is_subset_by;
use crate::resource::Resource;

pub mod defaults;
pub mod destination_rule;
pub mod destinations;
pub mod service_entry;
pub mod sidecar;
pub mod virtual_service;

/// Whether an object of `owner` with this `exportTo` is visible in the namespace `viewer`.
///
/// `*` is everybody and beats all other words, `~` is nobody, `.` is the owner's namespace; nothing means `*`.
/// `initServiceRegistry` in `pilot/pkg/model/push_context.go`.
pub fn exported_to(export_to: Option<&[String]>, owner: &str, viewer: &str) -> bool {
    seen_as(export_to, owner, viewer).is_some()
}

/// Why a namespace sees an object. istiod reads private ones before public ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SeenAs {
    /// It is its own, or exported to it by name.
    Private,
    /// Everybody sees it.
    Public,
}

/// The same as [`exported_to`], with the reason.
pub(crate) fn seen_as(export_to: Option<&[String]>, owner: &str, viewer: &str) -> Option<SeenAs> {
    let words = export_to.unwrap_or_default();
    let holds = |word: &str| words.iter().any(|found| found == word);
    if words.is_empty() || holds("*") {
        return Some(SeenAs::Public);
    }
    let named = !holds("~") && ((owner == viewer && holds(".")) || holds(viewer));
    named.then_some(SeenAs::Private)
}

/// Whether a host pattern of an Istio object (`edition.cnn.com`, `*.cnn.com`, `*`) covers a host.
///
/// A wildcard covers names of any depth below its own, never the name itself. Letters of either case are the same.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    // A host that is nothing but the end of a wildcard is no name.
    let is_name = pattern == "*" || host.len() >= pattern.len();
    is_name && is_subset_by(host, pattern, ends_with_ignoring_case)
}

/// The order in which istiod reads objects: by creation, then by name, then by namespace; the first has precedence.
/// An object that does not exist yet comes last. `sortConfigByCreationTime` in `pilot/pkg/model/push_context.go`.
pub fn creation_order(resource: &Resource) -> (bool, Option<Timestamp>, &str, &str) {
    let created = resource.live.as_ref().and_then(|live| live.created);
    (created.is_none(), created, &resource.id.name, &resource.id.namespace)
}

fn ends_with_ignoring_case(text: &str, tail: &str) -> bool {
    text.len()
        .checked_sub(tail.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(words: &[&str], viewer: &str) -> bool {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        exported_to(Some(&words), "shop", viewer)
    }

    #[test]
    fn without_export_to_everybody_sees_an_object() {
        assert!(exported_to(None, "shop", "billing"));
        assert!(visible(&[], "billing"));
    }

    #[test]
    fn a_dot_means_the_namespace_of_the_object() {
        assert!(visible(&["."], "shop"));
        assert!(!visible(&["."], "billing"));
        assert!(visible(&[".", "billing"], "billing"));
    }

    #[test]
    fn a_list_that_leaves_out_the_owner_hides_the_object_from_the_owner() {
        assert!(!visible(&["istio-system"], "shop"));
        assert!(visible(&["istio-system"], "istio-system"));
    }

    #[test]
    fn a_star_beats_a_tilde_and_a_tilde_beats_names() {
        assert!(visible(&["~", "*"], "billing"));
        assert!(!visible(&["~", "billing"], "billing"));
    }

    #[test]
    fn a_wildcard_covers_names_below_it_only() {
        assert!(host_matches("*.cnn.com", "edition.cnn.com"));
        assert!(host_matches("*.cnn.com", "a.b.CNN.com"));
        assert!(!host_matches("*.cnn.com", "cnn.com"));
        assert!(!host_matches("*.cnn.com", "notcnn.com"));
        assert!(host_matches("*", "cnn.com"));
        assert!(!host_matches("cnn.com", "edition.cnn.com"));
    }
}
