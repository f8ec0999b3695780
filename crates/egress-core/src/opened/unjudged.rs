//! What objects open that is no list of hosts and ports: no policy can be asked about it.
//!
//! Knows what objects of the mesh say. Pods that go around their sidecar are told by a diagnosis.

use std::net::IpAddr;

use super::OpeningSources;
use crate::host::printable;
use crate::resource::Resource;
use crate::role::Kind;
use crate::snapshot::ServiceFacts;

/// One sentence for each object, in their order.
pub fn unjudged(sources: &OpeningSources<'_>) -> Vec<String> {
    let here = |found: &str| sources.namespace.is_none_or(|asked| asked == found);
    let snapshot = sources.snapshot;
    let entries = snapshot.of_kind(Kind::ServiceEntry).filter(|entry| here(&entry.id.namespace));
    let ranges = entries.filter(|entry| !sources.known.contains(&entry.id)).filter_map(range);
    let bare = snapshot.services.iter().filter(|service| here(&service.namespace) && is_bare(service));
    let bare = bare.map(|service| {
        let (name, namespace) = (printable(&service.name), printable(&service.namespace));
        format!("service/{name} in namespace {namespace}: it selects no pods, and its endpoints may be any address")
    });
    ranges.chain(bare).collect()
}

/// A range of addresses that calls pass to.
fn range(entry: &Resource) -> Option<String> {
    let spec = entry.service_entry()?;
    if spec.endpoints.as_ref().is_some_and(|endpoints| !endpoints.is_empty()) {
        return None;
    }
    let several = |address: &&String| {
        address.split_once('/').is_some_and(|(bare, length)| {
            let whole = if bare.parse::<IpAddr>().is_ok_and(|bare| bare.is_ipv6()) { "128" } else { "32" };
            length != whole
        })
    };
    let found = spec.addresses.iter().flatten().find(several)?;
    Some(format!("{}: it opens a range of addresses, {}", entry.id, printable(found)))
}

/// A Service whose endpoints somebody writes by hand.
fn is_bare(service: &ServiceFacts) -> bool {
    service.selector.is_empty()
        && service.external_name.is_none()
        && (service.namespace.as_str(), service.name.as_str()) != ("default", "kubernetes")
}
