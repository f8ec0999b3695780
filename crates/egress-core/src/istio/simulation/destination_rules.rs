//! Which DestinationRules a proxy uses for a service, and what they come to.
//!
//! Follows `setDestinationRules`, `destinationRule` and `DestinationRule` in `pilot/pkg/model/push_context.go` and
//! `sidecar.go`, and `mergeDestinationRule` in `destination_rule.go`. Knows nothing of what the rules say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use super::host_name::{is_subset, is_wildcard};
use crate::resource::Resource;
use crate::snapshot::MeshFacts;
use crate::visibility::creation_order;
use crate::visibility::destination_rule::full_host;

/// The DestinationRules of a cluster by where a proxy looks for them.
#[derive(Default)]
pub(crate) struct RuleIndex<'a> {
    /// Those that a namespace keeps for its own proxies.
    own: HashMap<&'a str, ByHost<'a>>,
    /// Those that a namespace exports.
    exported: HashMap<&'a str, ByHost<'a>>,
    /// Those that the root namespace keeps for itself.
    of_root: ByHost<'a>,
    root: &'a str,
    /// Whether rules are merged only where their `exportTo` fits: `ENABLE_ENHANCED_DESTINATIONRULE_MERGE`.
    by_export: bool,
}

/// Groups of rules for each host in full, in the order of the first rule of each group.
type ByHost<'a> = BTreeMap<String, Vec<RuleGroup<'a>>>;

/// Rules of one host that istiod merges.
#[derive(Clone, Debug)]
struct RuleGroup<'a> {
    /// `exportTo` of the first.
    export_to: BTreeSet<&'a str>,
    selector: Option<BTreeMap<&'a str, &'a str>>,
    /// Oldest first.
    rules: Vec<&'a Resource>,
}

impl<'a> RuleIndex<'a> {
    pub(crate) fn new(
        rules: impl Iterator<Item = &'a Resource>,
        mesh: &'a MeshFacts,
        by_export: bool,
    ) -> Self {
        let mut index = RuleIndex { root: &mesh.root_namespace, by_export, ..RuleIndex::default() };
        let selector =
            |rule: &Resource| rule.destination_rule().is_some_and(|spec| spec.workload_selector.is_some());
        let mut sorted: Vec<&Resource> = rules.collect();
        sorted.sort_by(|one, other| {
            (!selector(one), creation_order(one)).cmp(&(!selector(other), creation_order(other)))
        });
        for rule in sorted {
            index.add(rule, mesh);
        }
        index
    }

    fn add(&mut self, rule: &'a Resource, mesh: &MeshFacts) {
        let Some(spec) = rule.destination_rule() else { return };
        let namespace = rule.id.namespace.as_str();
        let host = full_host(&spec.host, namespace, mesh);
        let export_to: BTreeSet<&str> = match &spec.workload_selector {
            Some(_) => [PRIVATE].into(),
            None => spec.export_to.iter().flatten().map(String::as_str).collect(),
        };
        let selector = spec.workload_selector.as_ref().map(|selector| {
            let labels = selector.match_labels.iter().flatten();
            labels.map(|(key, value)| (key.as_str(), value.as_str())).collect()
        });
        let group = RuleGroup { export_to, selector, rules: vec![rule] };
        let words = &group.export_to;
        if words.is_empty() || ["*", PRIVATE, namespace].iter().any(|word| words.contains(word)) {
            merge(self.own.entry(namespace).or_default(), &host, group.clone(), self.by_export);
        }
        // Of the mesh's words for rules without their own, `.` alone counts.
        let usual = &mesh.default_export_to.destination_rules;
        let is_private = match words.len() {
            0 => usual.iter().any(|word| word == PRIVATE),
            1 => words.contains(PRIVATE) || words.contains(namespace),
            _ => false,
        };
        if !is_private {
            merge(self.exported.entry(namespace).or_default(), &host, group, self.by_export);
        } else if namespace == self.root {
            merge(&mut self.of_root, &host, group, self.by_export);
        }
    }

    /// The rules, oldest first, that a proxy with these labels in the namespace `client` uses for a host of the namespace
    /// `owner`.
    pub(crate) fn of(
        &self,
        host: &str,
        owner: &str,
        client: &str,
        labels: &BTreeMap<String, String>,
    ) -> Vec<&'a Resource> {
        let groups = self.groups(host, owner, client);
        let mut general = None;
        for group in &groups {
            match &group.selector {
                None => general = Some(group),
                Some(wanted) => {
                    let namespace = group.rules.first().map(|rule| rule.id.namespace.as_str());
                    let holds =
                        wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|has| has == value));
                    if namespace == Some(client) && holds {
                        return group.rules.clone();
                    }
                }
            }
        }
        general.map(|group| group.rules.clone()).unwrap_or_default()
    }

    fn groups(&self, host: &str, owner: &str, client: &str) -> Vec<&RuleGroup<'a>> {
        let own = if client == self.root { Some(&self.of_root) } else { self.own.get(client) };
        if let Some(found) = own.and_then(|rules| most_specific(rules, host)) {
            return found.iter().collect();
        }
        let exported = |namespace: &str| -> Vec<&RuleGroup<'a>> {
            let found = self.exported.get(namespace).and_then(|rules| most_specific(rules, host));
            let visible = |group: &&RuleGroup<'a>| {
                let words = &group.export_to;
                words.is_empty() || words.contains("*") || words.contains(client)
            };
            found.into_iter().flatten().filter(visible).collect()
        };
        let of_owner = exported(owner);
        if of_owner.is_empty() { exported(self.root) } else { of_owner }
    }
}

/// The word of `exportTo` for the object's own namespace.
const PRIVATE: &str = ".";

/// Puts a rule to those it is merged with. One whose `exportTo` contains that of a group joins it **and is seen only where the
/// group is**.
fn merge<'a>(known: &mut ByHost<'a>, host: &str, incoming: RuleGroup<'a>, by_export: bool) {
    let groups = known.entry(host.to_owned()).or_default();
    let mut separate = true;
    for group in &mut *groups {
        let equal = group.export_to == incoming.export_to;
        let contains = !group.export_to.is_empty() && incoming.export_to.is_superset(&group.export_to);
        if by_export {
            separate = !equal;
            if !equal && !contains {
                continue;
            }
        }
        match (&group.selector, &incoming.selector) {
            (Some(one), Some(other)) if one != other => {
                separate = true;
                continue;
            }
            (None, None) | (Some(_), Some(_)) => separate = false,
            _ => {}
        }
        group.rules.extend(incoming.rules.iter().copied());
    }
    if separate {
        groups.push(incoming);
    }
}

/// Those of the host itself, else those of the longest wildcard over it. `MostSpecificHostMatch` in
/// `pilot/pkg/model/config.go`.
fn most_specific<'r, 'a>(rules: &'r ByHost<'a>, host: &str) -> Option<&'r Vec<RuleGroup<'a>>> {
    if let Some(found) = rules.get(host) {
        return Some(found);
    }
    // In the order of their names those with a wildcard stand together.
    let wild = rules.range::<str, _>((Bound::Included("*"), Bound::Excluded("+")));
    let over = wild.filter(|(known, _)| is_wildcard(known) && is_subset(host, known));
    over.max_by_key(|(known, _)| known.len()).map(|(_, found)| found)
}
