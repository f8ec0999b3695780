//! What an Envoy must have, or must no longer have, before the next step may be taken.
//!
//! Pure: compares an [`Expectation`] with a [`ProxyView`]. Knows nothing of pods, waiting or time.

use std::collections::BTreeSet;

use crate::host::DnsName;
use crate::port::{Port, Protocol};
use crate::proxy::{ProxyView, SniChain, VirtualHost};

mod owner;

pub use owner::Owner;

/// Which proxies are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Every ready pod of the gateway.
    Gateway,
    /// The sidecars that see the host.
    Clients,
}

/// What the proxies of one side must show after one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Which proxies.
    pub side: Side,
    /// The host.
    pub host: DnsName,
    /// All of them must be met.
    pub conditions: Vec<ProxyCondition>,
}

/// One condition on a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyCondition {
    /// The host's route for this port leads to these clusters and to nothing else.
    RoutesTo {
        /// The port as the application dials it.
        port: Port,
        /// Where it may lead; it must lead to at least one.
        clusters: BTreeSet<String>,
        /// Asked only of a proxy that listens for the port: a sidecar that does not know the host yet may not.
        where_listening: bool,
    },
    /// No route of the host for this protocol leads to any of these clusters.
    RouteRemoved {
        /// What is spoken.
        protocol: Protocol,
        /// Where nothing may lead any more.
        clusters: BTreeSet<String>,
    },
    /// The cluster exists and has an endpoint it would send to.
    HasEndpoints {
        /// The cluster's name.
        cluster: String,
    },
    /// The cluster is made of the object that it should be made of, and leads where it should.
    MadeOf(Owner),
}

/// What a proxy lacks, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetCondition(pub String);

impl Expectation {
    /// The same for a proxy of this namespace. A sidecar prefers what its own namespace declares, and may.
    #[must_use]
    pub fn seen_from(&self, namespace: &str) -> Self {
        let mut seen = self.clone();
        if self.side == Side::Clients {
            for condition in &mut seen.conditions {
                if let ProxyCondition::MadeOf(Owner { namespaces, host, .. }) = condition
                    && host == self.host.as_str()
                {
                    namespaces.insert(namespace.to_owned());
                }
            }
        }
        seen
    }

    /// Whether looking can tell anything of what was written. A sidecar shows nothing of a TLS host before it knows the
    /// host: that the cluster exists to which its route will lead says nothing of the route.
    pub fn is_visible(&self) -> bool {
        let is_hidden = |condition: &ProxyCondition| {
            matches!(
                condition,
                ProxyCondition::RoutesTo {
                    port: Port { protocol: Protocol::Tls, .. },
                    where_listening: true,
                    ..
                }
            )
        };
        let mut routes = self
            .conditions
            .iter()
            .filter(|condition| {
                matches!(condition, ProxyCondition::RoutesTo { .. } | ProxyCondition::RouteRemoved { .. })
            })
            .peekable();
        routes.peek().is_none() || !routes.all(is_hidden)
    }
}

/// Whether a proxy meets an expectation; what it lacks otherwise.
///
/// # Errors
/// [`UnmetCondition`] says the first condition that is not met.
pub fn check(view: &ProxyView, expectation: &Expectation) -> Result<(), UnmetCondition> {
    let looked = Looked { view, side: expectation.side, host: expectation.host.as_str() };
    expectation.conditions.iter().try_for_each(|condition| looked.meets(condition))
}

struct Looked<'a> {
    view: &'a ProxyView,
    side: Side,
    host: &'a str,
}

impl Looked<'_> {
    fn meets(&self, condition: &ProxyCondition) -> Result<(), UnmetCondition> {
        match condition {
            ProxyCondition::RoutesTo { port, where_listening: true, .. } if !self.listens(*port) => Ok(()),
            ProxyCondition::RoutesTo { port, clusters, .. } => self.leads(*port, clusters),
            ProxyCondition::RouteRemoved { protocol, clusters } => {
                let reached = self.destinations(*protocol, None);
                let behind = self.hosts().filter(|_| *protocol == Protocol::Http).flat_map(|it| &it.behind);
                match reached.iter().chain(behind).find(|cluster| clusters.contains(*cluster)) {
                    Some(cluster) => {
                        Err(UnmetCondition(format!("{protocol} of {} still leads to `{cluster}`", self.host)))
                    }
                    None => Ok(()),
                }
            }
            ProxyCondition::HasEndpoints { cluster } => match self.view.clusters.get(cluster) {
                None => Err(UnmetCondition(format!("no cluster `{cluster}`"))),
                Some(found) if found.healthy == 0 => {
                    Err(UnmetCondition(format!("cluster `{cluster}` has no endpoint")))
                }
                Some(_) => Ok(()),
            },
            ProxyCondition::MadeOf(owner) => owner::check(self.view, owner),
        }
    }

    fn leads(&self, port: Port, allowed: &BTreeSet<String>) -> Result<(), UnmetCondition> {
        let found = self.destinations(port.protocol, Some(port.number));
        if found.is_empty() {
            return Err(UnmetCondition(format!(
                "no {} route for {}:{}",
                port.protocol, self.host, port.number
            )));
        }
        match found.difference(allowed).next() {
            Some(other) => Err(UnmetCondition(format!("{}:{} leads to `{other}`", self.host, port.number))),
            None => Ok(()),
        }
    }

    /// Where the host's routes lead. In a sidecar the table or listener names the application's port; at a gateway all
    /// ports of a protocol share one.
    fn destinations(&self, protocol: Protocol, port: Option<u16>) -> BTreeSet<String> {
        let port = port.filter(|_| self.side == Side::Clients).map(|number| number.to_string());
        let wanted = |name: &str| port.as_deref().is_none_or(|port| names_port(name, port));
        match protocol {
            Protocol::Http => self
                .hosts()
                .filter(|found| wanted(&found.table))
                .flat_map(|found| found.clusters.iter().cloned())
                .collect(),
            Protocol::Tls => self
                .chains()
                .filter(|chain| wanted(&chain.listener))
                .flat_map(|chain| chain.clusters.iter().cloned())
                .collect(),
        }
    }

    fn listens(&self, port: Port) -> bool {
        let number = port.number.to_string();
        match port.protocol {
            // A table alone says nothing: that of a listener which drains is no longer kept up to date.
            Protocol::Http => match &self.view.listeners {
                Some(listeners) => listeners.iter().any(|listener| names_port(listener, &number)),
                None => self.view.virtual_hosts.iter().any(|found| names_port(&found.table, &number)),
            },
            Protocol::Tls => self.chains().any(|chain| names_port(&chain.listener, &number)),
        }
    }

    fn hosts(&self) -> impl Iterator<Item = &VirtualHost> {
        self.view.virtual_hosts.iter().filter(|found| found.domains.contains(self.host))
    }

    fn chains(&self) -> impl Iterator<Item = &SniChain> {
        self.view.chains.iter().filter(|chain| chain.server_names.contains(self.host))
    }
}

/// A sidecar's route table is named by the port (`80`, or `host:80` for a host with an address of its own), its
/// listeners end in it (`0.0.0.0_443`).
fn names_port(name: &str, port: &str) -> bool {
    name == port || name.strip_suffix(port).is_some_and(|rest| rest.ends_with(['_', ':']))
}
