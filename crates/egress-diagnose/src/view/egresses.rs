//! The egresses as checks ask for them: of one host, whether a ServiceEntry is part of any, and which hosts were asked for.

use egress_core::host::DnsName;
use egress_core::inventory::Egress;
use egress_core::resource::ObjectId;

use super::View;

impl<'a> View<'a> {
    /// Every egress.
    pub fn egresses(&self) -> &'a [Egress<'a>] {
        self.shared.egresses.all
    }

    /// The egresses of a host, in all namespaces.
    pub fn egresses_of(&self, host: &str) -> &[&'a Egress<'a>] {
        self.shared.egresses.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The hosts that somebody asks for.
    pub(crate) fn asked_hosts(&self) -> &'a [DnsName] {
        &self.shared.request.hosts
    }

    /// Whether a ServiceEntry is part of some egress.
    pub fn is_entry_of_egress(&self, entry: &ObjectId) -> bool {
        self.shared.egresses.entries.contains(entry)
    }
}
