//! The ports at which a namespace calls a host: those that were asked for, else those that its objects name, else 80 and 443.
//!
//! Knows what is declared, not where it leads.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_core::istio::protocol::PortProtocol;
use egress_core::resource::Resource;
use egress_core::visibility::host_matches;
use egress_core::visibility::service_entry::in_precedence;
use egress_core::visibility::virtual_service::mesh_virtual_services;

use crate::traffic::host_call::{SpokenProtocol, address_of};
use crate::view::View;

/// Where a namespace finds a host.
pub(super) struct CalledPorts {
    /// What is spoken on each port.
    pub(super) ports: BTreeMap<u16, SpokenProtocol>,
    /// The address, if an object has one.
    pub(super) address: Option<IpAddr>,
}

/// The ports and the address of a host for callers of a namespace.
pub(super) fn called_ports(
    view: &View<'_>,
    namespace: &str,
    host: &str,
    asked: &[(u16, SpokenProtocol)],
) -> CalledPorts {
    let entries = entries(view, namespace, host);
    let address = entries.iter().find_map(|entry| address_of(entry.service_entry()?));
    if !asked.is_empty() {
        return CalledPorts { ports: asked.iter().copied().collect(), address };
    }
    let mut ports: BTreeMap<u16, SpokenProtocol> = BTreeMap::new();
    for (number, protocol) in entries.iter().flat_map(|entry| declared_ports(entry)) {
        ports.entry(number).or_insert(protocol);
    }
    for (number, protocol) in routes(view, namespace, host).into_iter().flat_map(matched) {
        ports.entry(number).or_insert(protocol);
    }
    if ports.is_empty() {
        ports.extend([(80, SpokenProtocol::Http), (443, SpokenProtocol::Tls)]);
    }
    CalledPorts { ports, address }
}

/// The ports of a ServiceEntry for TCP of any kind, and what is spoken there.
pub(super) fn declared_ports(entry: &Resource) -> impl Iterator<Item = (u16, SpokenProtocol)> {
    let ports = entry.service_entry().into_iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter_map(|port| {
        let protocol = PortProtocol::parse(port.protocol.as_deref().unwrap_or_default());
        let number = u16::try_from(port.number).ok()?;
        (protocol != PortProtocol::Udp).then(|| (number, SpokenProtocol::of(protocol)))
    })
}

/// The ServiceEntries by which a namespace knows a host: those that name it, else those of the longest wildcard over it.
pub(super) fn entries<'a>(view: &View<'a>, namespace: &str, host: &str) -> Vec<&'a Resource> {
    let exact = view.entries_seen_from(namespace, host);
    if !exact.is_empty() {
        return exact;
    }
    let longest = |entry: &Resource| {
        let hosts = entry.service_entry().into_iter().flat_map(|spec| &spec.hosts);
        hosts.filter(|name| host_matches(name, host)).map(String::len).max().unwrap_or_default()
    };
    let seen = in_precedence(view.service_entries().filter(|entry| longest(entry) > 0), namespace);
    let most = seen.iter().map(|entry| longest(entry)).max();
    seen.into_iter().filter(|entry| Some(longest(entry)) == most).collect()
}

/// The VirtualServices with rules for sidecars that a namespace sees for a host.
pub(super) fn routes<'a>(view: &View<'a>, namespace: &str, host: &str) -> Vec<&'a Resource> {
    mesh_virtual_services(view.virtual_services(host), host, namespace)
}

/// The ports that matches of a VirtualService name.
fn matched(route: &Resource) -> Vec<(u16, SpokenProtocol)> {
    let Some(spec) = route.virtual_service() else { return Vec::new() };
    let http = spec.http.iter().flatten().flat_map(|rule| rule.r#match.iter().flatten());
    let http = http.map(|one| (one.port, SpokenProtocol::Http));
    let tls = spec.tls.iter().flatten().flat_map(|rule| &rule.r#match);
    let tls = tls.map(|one| (one.port, SpokenProtocol::Tls));
    let tcp = spec.tcp.iter().flatten().flat_map(|rule| rule.r#match.iter().flatten());
    let tcp = tcp.map(|one| (one.port, SpokenProtocol::Tcp));
    let all = http.chain(tls).chain(tcp);
    all.filter_map(|(port, protocol)| Some((u16::try_from(port?).ok().filter(|port| *port != 0)?, protocol)))
        .collect()
}
