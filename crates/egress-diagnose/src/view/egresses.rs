//! The egresses as checks ask for them: of one host, and whether a ServiceEntry is part of any.

use std::collections::{HashMap, HashSet};

use egress_core::inventory::Egress;
use egress_core::resource::ObjectId;
use egress_core::role::Kind;

use super::View;

/// Every egress there is, by what it is looked up by.
pub(super) struct Egresses<'a> {
    pub(super) all: &'a [Egress<'a>],
    by_host: HashMap<&'a str, Vec<&'a Egress<'a>>>,
    entries: HashSet<&'a ObjectId>,
}

impl<'a> Egresses<'a> {
    pub(super) fn new(all: &'a [Egress<'a>]) -> Self {
        let mut by_host: HashMap<&str, Vec<&Egress<'_>>> = HashMap::new();
        for egress in all {
            by_host.entry(egress.host.as_str()).or_default().push(egress);
        }
        let parts = all.iter().flat_map(|egress| &egress.parts).map(|part| &part.resource.id);
        let entries = parts.filter(|id| id.kind == Kind::ServiceEntry).collect();
        Egresses { all, by_host, entries }
    }
}

impl<'a> View<'a> {
    /// Every egress there is.
    pub fn egresses(&self) -> &'a [Egress<'a>] {
        self.facts.egresses.all
    }

    /// The egresses of a host, in all namespaces.
    pub fn egresses_of(&self, host: &str) -> &[&'a Egress<'a>] {
        self.facts.egresses.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a ServiceEntry is part of some egress.
    pub fn is_entry_of_egress(&self, entry: &ObjectId) -> bool {
        self.facts.egresses.entries.contains(entry)
    }
}
