//! The DestinationRule that hides a subset of the gateway's Service from callers, and the change that shows it again.
//!
//! Which rule it is comes from [`cause_of`](crate::traffic::subset::cause_of).

use egress_core::istio::call::Passage;
use egress_core::istio::simulation::EndCause;
use serde_json::json;

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::traffic::subset::{UnresolvedCause, cause_of};
use crate::view::View;
use crate::wording::export_to;

/// The place, the fact and the change; none where no rule hides the subset.
pub(super) fn hidden(
    view: &View<'_>,
    call: &RoutedCall<'_>,
    passage: &Passage,
    found: &EndCause<'_>,
) -> Option<(Place, String, Fix)> {
    let EndCause::NoSubset { host, subset } = found else { return None };
    if passage.hops.len() != 1 || *host != view.service_host(call.gateway) {
        return None;
    }
    let rules = view.rules_seen_from(call.caller, call.gateway);
    match cause_of(view, host, &rules.all, call.caller, subset) {
        UnresolvedCause::NotVisible { .. } => None,
        UnresolvedCause::Shadowed { by, holder } => {
            let covered = by.destination_rule().map(|spec| spec.host.clone()).unwrap_or_default();
            let fact = format!(
                "{} has subset `{subset}`, and is hidden: rules of the callers' own namespace come first",
                holder.id
            );
            let why =
                "makes the rule of the gateway's namespace apply; first find out what else needs this one";
            Some((Place::of(&by.id).field("spec.host", covered), fact, fixes::delete(by, why)))
        }
        UnresolvedCause::HiddenByYounger { by, holder } => {
            let words = holder.destination_rule().and_then(|spec| spec.export_to.clone());
            let fact = format!(
                "{} has subset `{subset}`, and is hidden by this younger rule: its exportTo is `{}`",
                holder.id,
                export_to(holder).join(", ")
            );
            let fix = fixes::merge(&by.id, &json!({ "exportTo": words }), "lets istiod merge the two rules");
            Some((Place::export_to(by), fact, fix))
        }
    }
}
