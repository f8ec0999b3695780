//! The egresses as checks ask for them: of one host, and whether an object is part of any.

use std::collections::{HashMap, HashSet};

use egress_core::inventory::Egress;
use egress_core::resource::ObjectId;

use super::View;

/// Every egress there is, by what it is looked up by.
pub(super) struct Egresses<'a> {
    pub(super) all: &'a [Egress<'a>],
    by_host: HashMap<&'a str, Vec<&'a Egress<'a>>>,
    objects: HashSet<&'a ObjectId>,
}

impl<'a> Egresses<'a> {
    pub(super) fn new(all: &'a [Egress<'a>]) -> Self {
        let mut by_host: HashMap<&str, Vec<&Egress<'_>>> = HashMap::new();
        for egress in all {
            by_host.entry(egress.host.as_str()).or_default().push(egress);
        }
        let objects = all.iter().flat_map(|egress| &egress.parts).map(|part| &part.resource.id).collect();
        Egresses { all, by_host, objects }
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

    /// Whether an object is part of some egress.
    pub fn is_of_egress(&self, id: &ObjectId) -> bool {
        self.facts.egresses.objects.contains(id)
    }
}
