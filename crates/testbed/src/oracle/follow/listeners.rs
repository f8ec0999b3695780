//! Which listener gets a connection, and what its listener filters find out before a filter chain is chosen.
//!
//! Follows `getBalancedHandlerByAddress` in source/common/listener_manager/connection_handler_impl.cc of Envoy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::connection::{Content, OpenedConnection};
use crate::oracle::{
    envoy::{EnvoyAddress, EnvoyListener, MatchPredicate},
    protocol::ProxyConfiguration,
};

/// A listener that has a connection.
pub(super) struct Entry<'a> {
    pub(super) listener: &'a EnvoyListener,
}

/// What is known of a connection when its filter chain is chosen.
#[derive(Debug)]
pub(super) struct SeenConnection<'a> {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) source: Option<IpAddr>,
    pub(super) server_name: Option<&'a str>,
    /// `tls` or `raw_buffer`.
    pub(super) transport_protocol: &'static str,
    pub(super) application_protocols: Vec<&'a str>,
}

/// The listener of a sidecar for a connection of its pod: that of the address, else of the port, else the one that captures.
pub(super) fn captured<'a>(
    proxy: &'a ProxyConfiguration,
    connection: &OpenedConnection,
) -> Option<Entry<'a>> {
    let of_port = at(proxy, connection).next();
    let listener =
        of_port.or_else(|| proxy.listeners.iter().find(|listener| listener.name == "virtualOutbound"))?;
    Some(Entry { listener })
}

/// The listener of a gateway: one that has a socket of its own.
pub(super) fn bound<'a>(proxy: &'a ProxyConfiguration, connection: &OpenedConnection) -> Option<Entry<'a>> {
    let listener = at(proxy, connection).find(|listener| listener.bind_to_port != Some(false))?;
    Some(Entry { listener })
}

/// The listeners of the exact address first, then those of every address.
fn at<'a>(
    proxy: &'a ProxyConfiguration,
    connection: &OpenedConnection,
) -> impl Iterator<Item = &'a EnvoyListener> {
    let port = connection.port;
    let wildcards = match connection.address {
        IpAddr::V4(_) => [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)],
        IpAddr::V6(_) => [IpAddr::V6(Ipv6Addr::UNSPECIFIED); 2],
    };
    [connection.address, wildcards[0], wildcards[1]].into_iter().flat_map(move |address| {
        proxy.listeners.iter().filter(move |listener| {
            let more = listener.additional_addresses.iter().map(|more| &more.address);
            listener.address.iter().chain(more).any(|own| is(own, address, port))
        })
    })
}

fn is(own: &EnvoyAddress, address: IpAddr, port: u16) -> bool {
    let EnvoyAddress::SocketAddress { address: own, port_value } = own else { return false };
    *port_value == port && own.parse() == Ok(address)
}

impl Entry<'_> {
    /// What the listener filters find out.
    pub(super) fn seen<'c>(&self, connection: &'c OpenedConnection) -> SeenConnection<'c> {
        let mut seen = SeenConnection {
            address: connection.address,
            port: connection.port,
            source: connection.source,
            server_name: None,
            transport_protocol: "raw_buffer",
            application_protocols: Vec::new(),
        };
        match &connection.content {
            Content::Tls { hello, .. }
                if self.has("envoy.filters.listener.tls_inspector", connection.port) =>
            {
                seen.transport_protocol = "tls";
                seen.server_name = hello.server_name.as_deref();
                seen.application_protocols = hello.protocols.iter().map(String::as_str).collect();
            }
            Content::Http { .. } if self.has("envoy.filters.listener.http_inspector", connection.port) => {
                seen.application_protocols.push("http/1.1");
            }
            _ => {}
        }
        seen
    }

    fn has(&self, filter: &str, port: u16) -> bool {
        self.listener.listener_filters.iter().any(|own| {
            own.name == filter && !own.filter_disabled.as_ref().is_some_and(|disabled| holds(disabled, port))
        })
    }
}

fn holds(predicate: &MatchPredicate, port: u16) -> bool {
    match predicate {
        MatchPredicate::OrMatch(set) => set.rules.iter().any(|rule| holds(rule, port)),
        MatchPredicate::AndMatch(set) => set.rules.iter().all(|rule| holds(rule, port)),
        MatchPredicate::NotMatch(rule) => !holds(rule, port),
        MatchPredicate::AnyMatch(value) => *value,
        MatchPredicate::DestinationPortRange(range) => (range.start..range.end).contains(&u32::from(port)),
    }
}
