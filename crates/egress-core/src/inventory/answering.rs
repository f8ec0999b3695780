//! Who answers at the gateway for the host that an egress sends to, beside its own entry.
//!
//! Knows the order in which istiod takes entries, see [`at_gateway`](service_entry::at_gateway). What a proxy has made of
//! it is seen in the proxy.

use super::egress::Egress;
use crate::dialect::Upstream;
use crate::index::Index;
use crate::resource::{ObjectId, Resource};
use crate::visibility::service_entry;

/// An entry of somebody else for the host that the gateway sends to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answering<'a> {
    /// The entry.
    pub entry: &'a Resource,
    /// What it does to the gateway.
    pub rank: Rank,
    /// It looks up the host that was asked for and leads nowhere else, for as long as nobody changes it.
    pub leads_to_host: bool,
}

/// What an entry of somebody else does to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The gateway uses it instead of the egress's own.
    Before,
    /// It lies in the egress's own namespace: istiod puts its endpoints beside ours.
    Beside,
    /// The gateway would use it if the egress's own were written anew.
    After,
}

/// The host that the gateway of an egress sends to, as its cluster is called.
pub fn upstream(egress: &Egress<'_>) -> String {
    let host = egress.host.as_str();
    egress
        .layout
        .map_or_else(|| host.to_owned(), |layout| layout.dialect().upstream_host(host, &egress.namespace))
}

/// The entries of others that answer for the host of an egress, first those that the gateway uses.
pub fn answering<'a>(egress: &Egress<'a>, index: &Index<'a>) -> Vec<Answering<'a>> {
    let Some(gateway) = &egress.gateway else { return Vec::new() };
    let host = upstream(egress);
    // istiod compares the hosts of entries letter by letter.
    let declares = |entry: &&Resource| entry.service_entry().is_some_and(|spec| spec.hosts.contains(&host));
    let mut entries = index.service_entries_of(&host);
    entries.retain(declares);
    let owns = |id: &ObjectId| egress.parts.iter().any(|part| part.resource.id == *id);
    let seen = service_entry::at_gateway(entries.iter().copied(), &gateway.namespace);
    let own = seen.iter().position(|entry| owns(&entry.id));
    let answering = |entry: &'a Resource, rank| {
        let spec = entry.service_entry()?;
        let leads_to_host = service_entry::leads_to(spec, egress.host.as_str(), &host);
        Some(Answering { entry, rank, leads_to_host })
    };
    let is_beside = |entry: &Resource| entry.id.namespace == egress.namespace;
    let beside = entries.iter().filter(|entry| is_beside(entry) && !owns(&entry.id));
    let beside = beside.filter_map(|entry| answering(entry, Rank::Beside));
    let others = seen.iter().enumerate().filter(|(_, entry)| !is_beside(entry) && !owns(&entry.id));
    let others = others.filter_map(|(place, entry)| {
        let is_used = place == 0 && own != Some(0);
        answering(entry, if is_used { Rank::Before } else { Rank::After })
    });
    let mut found: Vec<Answering<'a>> = others.chain(beside).collect();
    found.sort_by_key(|answering| answering.rank);
    found
}

/// The entry that decides where calls of an egress of ours go, where that is another's. Where the gateway calls the host by
/// everybody's name for it, an entry that leads there takes nothing.
pub fn taken_by<'a>(egress: &Egress<'a>, index: &Index<'a>) -> Option<&'a Resource> {
    let has_own_name = egress.layout?.dialect().upstream == Upstream::OwnName;
    let takes = |found: &Answering<'_>| found.rank != Rank::After && (has_own_name || !found.leads_to_host);
    answering(egress, index).into_iter().find(takes).map(|found| found.entry)
}
