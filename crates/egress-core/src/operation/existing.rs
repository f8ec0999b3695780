//! The egresses of a cluster by host, for whoever asks about many hosts.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::host::DnsName;
use crate::inventory::Egress;
use crate::removal_impact::RemovalImpact;
use crate::snapshot::Snapshot;

/// Egresses by host, in every namespace.
pub struct Existing<'s, 'a> {
    by_host: HashMap<&'s DnsName, Vec<&'s Egress<'a>>>,
    impact: OnceCell<RemovalImpact<'a>>,
}

impl<'s, 'a> Existing<'s, 'a> {
    /// Of all egresses.
    pub fn of(all: &'s [Egress<'a>]) -> Self {
        let mut by_host: HashMap<&DnsName, Vec<&Egress<'a>>> = HashMap::new();
        for egress in all {
            by_host.entry(&egress.host).or_default().push(egress);
        }
        Existing { by_host, impact: OnceCell::new() }
    }

    /// What stays when one of them goes first: read once, however many hosts of a command are replaced.
    pub(super) fn removal_impact(&self, snapshot: &'a Snapshot) -> &RemovalImpact<'a> {
        self.impact.get_or_init(|| RemovalImpact::of(&[], snapshot))
    }

    /// Those of one host.
    pub fn of_host(&self, host: &DnsName) -> &[&'s Egress<'a>] {
        self.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one that this tool made for a host in a namespace; of several the first.
    pub fn ours(&self, host: &DnsName, namespace: &str) -> Option<&'s Egress<'a>> {
        let here = |egress: &&&Egress<'a>| egress.namespace == namespace && egress.layout.is_some();
        self.of_host(host).iter().find(here).copied()
    }
}
