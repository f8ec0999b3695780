//! What the end of an egress does to others: said before it is removed.
//!
//! Knows what outlives it. Refuses nothing: the user decides.

use crate::inventory::Egress;
use crate::port::Protocol;
use crate::resource::Resource;
use crate::role::Kind;
use crate::snapshot::Snapshot;
use crate::visibility::service_entry;

/// One sentence for each consequence that outlives the egress.
pub fn consequences(egress: &Egress<'_>, all: &[Egress<'_>], snapshot: &Snapshot) -> Vec<String> {
    let mut found = direct_ways(egress, snapshot);
    found.extend(let_out(egress, snapshot));
    found.extend(drained(egress, all));
    found.sort();
    found.dedup();
    found
}

/// Without the mesh leg, an entry of somebody else lets the callers leave directly.
fn direct_ways(egress: &Egress<'_>, snapshot: &Snapshot) -> Vec<String> {
    let way = |(caller, entry): (String, &Resource)| {
        format!("{} stays: callers in `{caller}` will reach `{}` directly", entry.id, egress.host)
    };
    remaining_entries(egress, snapshot).into_iter().map(way).collect()
}

/// Entries by which a caller's namespace will still know the host, each with that namespace.
pub(crate) fn remaining_entries<'a>(
    egress: &Egress<'_>,
    snapshot: &'a Snapshot,
) -> Vec<(String, &'a Resource)> {
    let leaves = |entry: &Resource| egress.parts.iter().any(|part| part.resource.id == entry.id);
    let remaining = || snapshot.of_kind(Kind::ServiceEntry).filter(|entry| !leaves(entry));
    let mut found = Vec::new();
    for caller in egress.callers(snapshot) {
        let known = service_entry::service_entries(remaining(), egress.host.as_str(), &caller);
        found.extend(known.into_iter().map(|entry| (caller.clone(), entry)));
    }
    found
}

/// A mesh that lets unknown hosts out takes the host for one of them again.
fn let_out(egress: &Egress<'_>, snapshot: &Snapshot) -> Option<String> {
    let mode = snapshot.mesh.outbound.filter(|mode| mode.lets_out())?;
    Some(format!(
        "the mesh allows unknown hosts (outboundTrafficPolicy {mode}): callers will reach `{}` directly",
        egress.host
    ))
}

/// One TLS host has one filter chain at a gateway; when the owner of its rule leaves, Envoy replaces the chain.
fn drained(egress: &Egress<'_>, all: &[Egress<'_>]) -> Vec<String> {
    let speaks_tls = |egress: &Egress<'_>| {
        egress.readable_record().is_some_and(|record| record.intent.ports_of(Protocol::Tls).next().is_some())
    };
    let shares = |other: &&Egress<'_>| {
        other.host == egress.host
            && other.namespace != egress.namespace
            && other.gateway == egress.gateway
            && speaks_tls(other)
    };
    let sharing = all.iter().filter(shares).filter(|_| speaks_tls(egress));
    sharing
        .map(|other| {
            format!(
                "`{}` also uses `{}`: its long-lived TLS connections may be closed once, and then reconnect",
                other.namespace, egress.host
            )
        })
        .collect()
}
