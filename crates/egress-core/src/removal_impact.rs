//! What the end of an egress does to others: said before it is removed.
//!
//! Knows what outlives it. Refuses nothing: the user decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::host::DnsName;
use crate::inventory::Egress;
use crate::port::Protocol;
use crate::resource::Resource;
use crate::role::Kind;
use crate::snapshot::{OutboundMode, Snapshot};
use crate::visibility::{service_entry, sidecar};

/// What outlives egresses, found for each of many without a look at all objects.
pub struct RemovalImpact<'a> {
    snapshot: &'a Snapshot,
    /// ServiceEntries of full names alone, by each name as DNS compares it.
    entries: HashMap<String, Vec<&'a Resource>>,
    /// The other ServiceEntries.
    wildcards: Vec<&'a Resource>,
    egresses: HashMap<&'a DnsName, Vec<&'a Egress<'a>>>,
}

impl<'a> RemovalImpact<'a> {
    /// Of these egresses, which are all that exist.
    pub fn of(all: &'a [Egress<'a>], snapshot: &'a Snapshot) -> Self {
        let mut found = RemovalImpact {
            snapshot,
            entries: HashMap::new(),
            wildcards: Vec::new(),
            egresses: HashMap::new(),
        };
        for entry in snapshot.of_kind(Kind::ServiceEntry) {
            let hosts = entry.service_entry().map(|spec| spec.hosts.as_slice()).unwrap_or_default();
            if hosts.iter().any(|host| host.starts_with('*')) {
                found.wildcards.push(entry);
                continue;
            }
            let names: BTreeSet<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
            for name in names {
                found.entries.entry(name).or_default().push(entry);
            }
        }
        for egress in all {
            found.egresses.entry(&egress.host).or_default().push(egress);
        }
        found
    }

    /// The cluster.
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// One sentence for each consequence that outlives the egress.
    pub fn consequences(&self, egress: &Egress<'_>) -> Vec<String> {
        let mut found = self.direct_ways(egress);
        found.extend(let_out(egress, self.snapshot));
        found.extend(self.drained(egress));
        found.sort();
        found.dedup();
        found
    }

    /// Without the mesh leg, an entry of somebody else lets the callers leave directly.
    fn direct_ways(&self, egress: &Egress<'_>) -> Vec<String> {
        let way = |(caller, entry): (String, &Resource)| {
            format!("{} stays: callers in `{caller}` will reach `{}` directly", entry.id, egress.host)
        };
        self.remaining_entries(egress).into_iter().map(way).collect()
    }

    /// Entries by which a caller's namespace will still know the host, each with that namespace.
    pub(crate) fn remaining_entries(&self, egress: &Egress<'_>) -> Vec<(String, &'a Resource)> {
        let leaves = |entry: &Resource| egress.parts.iter().any(|part| part.resource.id == entry.id);
        let named = self.entries.get(&egress.host.as_str().to_ascii_lowercase());
        let known = named.into_iter().flatten().chain(&self.wildcards).copied();
        let remaining: Vec<&Resource> = known.filter(|entry| !leaves(entry)).collect();
        if remaining.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for caller in egress.callers(self.snapshot) {
            let seen =
                service_entry::service_entries(remaining.iter().copied(), egress.host.as_str(), &caller);
            found.extend(seen.into_iter().map(|entry| (caller.clone(), entry)));
        }
        found
    }

    /// One TLS host has one filter chain at a gateway; when the owner of its rule leaves, Envoy replaces the chain.
    fn drained(&self, egress: &Egress<'_>) -> Vec<String> {
        let speaks_tls = |egress: &Egress<'_>| {
            egress
                .readable_record()
                .is_some_and(|record| record.intent.ports_of(Protocol::Tls).next().is_some())
        };
        let shares = |other: &&Egress<'_>| {
            other.host == egress.host
                && other.namespace != egress.namespace
                && other.gateway == egress.gateway
                && speaks_tls(other)
        };
        let others = self.egresses.get(&egress.host).into_iter().flatten().copied();
        let sharing = others.filter(shares).filter(|_| speaks_tls(egress));
        sharing
            .map(|other| {
                format!(
                    "`{}` also uses `{}`: its long-lived TLS connections may be closed once, and then reconnect",
                    other.namespace, egress.host
                )
            })
            .collect()
    }
}

/// Callers whose sidecars let unknown hosts out take the host for one of them again. A Sidecar comes before the mesh.
fn let_out(egress: &Egress<'_>, snapshot: &Snapshot) -> Vec<String> {
    let callers = egress.callers(snapshot);
    let mode = |caller: &String| Some((caller.clone(), outbound_from(snapshot, caller)?));
    let open: Vec<(String, OutboundMode)> =
        callers.iter().filter_map(mode).filter(|(_, mode)| mode.lets_out()).collect();
    let usual = snapshot.mesh.outbound.filter(|mode| mode.lets_out());
    let by_mesh = |mode: OutboundMode| {
        format!(
            "the mesh allows unknown hosts (outboundTrafficPolicy {mode}): callers will reach `{}` directly",
            egress.host
        )
    };
    let by_sidecar = |(caller, mode): &(String, OutboundMode)| {
        format!(
            "a Sidecar allows unknown hosts in `{caller}` (outboundTrafficPolicy {mode}): callers there will reach `{}` \
             directly",
            egress.host
        )
    };
    match usual {
        Some(mode) if !open.is_empty() || callers.is_empty() => vec![by_mesh(mode)],
        Some(_) => Vec::new(),
        None => open.iter().map(by_sidecar).collect(),
    }
}

/// What the sidecars of a namespace do with calls to unknown hosts: the most that one of them lets out.
fn outbound_from(snapshot: &Snapshot, namespace: &str) -> Option<OutboundMode> {
    let usual = snapshot.mesh.outbound;
    let mode = |labels: &BTreeMap<String, String>| {
        let sidecars = snapshot.of_kind(Kind::Sidecar);
        let found = sidecar::sidecar_for(sidecars, &snapshot.mesh.root_namespace, namespace, labels);
        found.and_then(sidecar::outbound_mode).or(usual)
    };
    let pods = snapshot.pods.iter().filter(|pod| pod.namespace == namespace && pod.has_sidecar);
    pods.map(|pod| mode(&pod.labels)).max().unwrap_or_else(|| mode(&BTreeMap::new()))
}
