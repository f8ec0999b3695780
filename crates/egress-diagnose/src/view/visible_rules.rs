//! The DestinationRules that apply to calls to a gateway's Service.

use std::collections::HashMap;

use egress_core::resource::Resource;

/// The rules for the callers of one namespace.
pub(crate) struct SeenRules<'a> {
    /// The rules, oldest first.
    pub(crate) all: Vec<&'a Resource>,
    holders: HashMap<&'a str, &'a Resource>,
}

impl<'a> SeenRules<'a> {
    pub(super) fn of(all: Vec<&'a Resource>) -> Self {
        let mut holders = HashMap::new();
        for rule in &all {
            let subsets = rule.destination_rule().and_then(|spec| spec.subsets.as_ref());
            for subset in subsets.into_iter().flatten() {
                holders.entry(subset.name.as_str()).or_insert(*rule);
            }
        }
        SeenRules { all, holders }
    }

    /// The first rule with a subset of this name.
    pub(crate) fn holder_of(&self, subset: &str) -> Option<&'a Resource> {
        self.holders.get(subset).copied()
    }
}
