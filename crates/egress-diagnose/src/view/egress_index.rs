//! All egresses by host, and the ServiceEntries that are part of any.

use std::collections::{HashMap, HashSet};

use egress_core::inventory::Egress;
use egress_core::resource::ObjectId;
use egress_core::role::Kind;

/// Every egress, indexed.
pub(super) struct Egresses<'a> {
    pub(super) all: &'a [Egress<'a>],
    pub(super) by_host: HashMap<&'a str, Vec<&'a Egress<'a>>>,
    pub(super) entries: HashSet<&'a ObjectId>,
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
