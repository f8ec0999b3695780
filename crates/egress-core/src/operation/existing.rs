//! The egresses of a cluster by host, for whoever asks about many hosts.

use std::collections::HashMap;

use crate::host::DnsName;
use crate::inventory::Egress;

/// Egresses by host, in every namespace.
pub struct Existing<'s, 'a>(HashMap<&'s DnsName, Vec<&'s Egress<'a>>>);

impl<'s, 'a> Existing<'s, 'a> {
    /// Of all egresses.
    pub fn of(all: &'s [Egress<'a>]) -> Self {
        let mut by_host: HashMap<&DnsName, Vec<&Egress<'a>>> = HashMap::new();
        for egress in all {
            by_host.entry(&egress.host).or_default().push(egress);
        }
        Existing(by_host)
    }

    /// Those of one host.
    pub fn of_host(&self, host: &DnsName) -> &[&'s Egress<'a>] {
        self.0.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one that this tool made for a host in a namespace; of several the first.
    pub fn ours(&self, host: &DnsName, namespace: &str) -> Option<&'s Egress<'a>> {
        let here = |egress: &&&Egress<'a>| egress.namespace == namespace && egress.layout.is_some();
        self.of_host(host).iter().find(here).copied()
    }
}
