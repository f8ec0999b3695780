//! Whether the callers see the subset that a route names, and if not, what hides it.
//!
//! Writes no messages.

use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::virtual_service::MESH;
use egress_core::visibility::{exported_to, host_matches};

use crate::did_you_mean::did_you_mean;
use crate::istio::routes::{Route, routes};
use crate::path::EgressPath;
use crate::view::View;

/// A subset that some callers cannot resolve.
pub(crate) struct Unresolved<'a> {
    /// The namespace of the callers.
    pub(crate) caller: String,
    /// The route that names it.
    pub(crate) route: Route<'a>,
    /// The name.
    pub(crate) subset: &'a str,
    /// What hides it.
    pub(crate) cause: UnresolvedCause<'a>,
}

/// Why a subset cannot be resolved.
pub(crate) enum UnresolvedCause<'a> {
    /// No DestinationRule has it, or the callers do not see the rule that has it.
    NotVisible {
        /// The rule that has it, if there is one.
        holder: Option<&'a Resource>,
        /// If there is none: a visible subset with a similar name, and its rule.
        meant: Option<(&'a str, &'a Resource)>,
    },
    /// A rule in the callers' own namespace comes before the gateway's.
    Shadowed {
        /// That rule.
        by: &'a Resource,
        /// The rule that has the subset.
        holder: &'a Resource,
    },
    /// A younger rule of the same namespace with another `exportTo` hides it.
    HiddenByYounger {
        /// That rule.
        by: &'a Resource,
        /// The rule that has the subset.
        holder: &'a Resource,
    },
}

/// The subsets in routes to the gateway.
pub(crate) struct Subsets<'a> {
    /// How many routes name a subset that their callers see.
    pub(crate) resolved: usize,
    /// The subsets that callers do not see, each once per caller namespace.
    pub(crate) unresolved: Vec<Unresolved<'a>>,
}

/// The subsets that the callers' routes to the gateway name.
pub(crate) fn subsets<'a>(view: &View<'a>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Subsets<'a> {
    let service = view.service_host(gateway);
    let mut found = Subsets { resolved: 0, unresolved: Vec::new() };
    for caller in &path.callers {
        let rules = view.rules_seen_from(caller, gateway);
        for route in view.mesh_routes_seen_from(caller, &path.host).into_iter().filter(|it| path.owns(&it.id))
        {
            for route in routes(route, MESH, &path.host).into_iter().filter(|route| route.host == service) {
                let Some(name) = route.subset else { continue };
                if rules.holder_of(name).is_some() {
                    found.resolved += 1;
                    continue;
                }
                let mut others = found.unresolved.iter();
                if others.any(|other| other.caller == *caller && other.subset == name) {
                    continue;
                }
                let cause = cause_of(view, &service, &rules.all, caller, name);
                found.unresolved.push(Unresolved { caller: caller.clone(), route, subset: name, cause });
            }
        }
    }
    found
}

/// Why callers of a namespace do not see a subset of a gateway's Service. `rules` are those that they use.
pub(crate) fn cause_of<'a>(
    view: &View<'a>,
    service: &str,
    rules: &[&'a Resource],
    caller: &str,
    name: &str,
) -> UnresolvedCause<'a> {
    let covers = |rule: &&Resource| {
        rule.destination_rule()
            .is_some_and(|spec| host_matches(&view.full_host(&spec.host, &rule.id.namespace), service))
    };
    let holder = view.holders_of(name).iter().copied().find(covers);
    let visible = |rule: &Resource| {
        let words = rule.destination_rule().and_then(|spec| spec.export_to.as_deref());
        exported_to(words, &rule.id.namespace, caller)
    };
    match (rules.last(), holder) {
        (Some(by), Some(holder)) if by.id.namespace == holder.id.namespace && visible(holder) => {
            UnresolvedCause::HiddenByYounger { by, holder }
        }
        (Some(by), Some(holder)) if by.id.namespace == caller => UnresolvedCause::Shadowed { by, holder },
        (_, holder) => {
            let meant = if holder.is_none() { meant(rules, name) } else { None };
            UnresolvedCause::NotVisible { holder, meant }
        }
    }
}

/// The subset with the most similar name, and its rule.
fn meant<'a>(rules: &[&'a Resource], name: &str) -> Option<(&'a str, &'a Resource)> {
    let found = || rules.iter().flat_map(|rule| subset_names(rule).map(|subset| (subset, *rule)));
    let near = did_you_mean(name, found().map(|(subset, _)| subset))?;
    found().find(|(subset, _)| *subset == near && is_typing_error(name, near))
}

/// Short names are always similar: `v2` is no typing error for `v1`.
fn is_typing_error(found: &str, meant: &str) -> bool {
    3 * strsim::damerau_levenshtein(found, meant) <= meant.chars().count()
}

/// The names of the subsets of a rule.
pub(crate) fn subset_names(rule: &Resource) -> impl Iterator<Item = &str> {
    let subsets = rule.destination_rule().and_then(|spec| spec.subsets.as_deref()).unwrap_or_default();
    subsets.iter().map(|subset| subset.name.as_str())
}
