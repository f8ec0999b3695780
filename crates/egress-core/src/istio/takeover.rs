//! Who else answers for a host at a gateway: rules and servers of strangers, held against those of an egress.
//!
//! Knows what istiod and Envoy make of all objects together. Who is a stranger is said by the caller.

use std::collections::BTreeMap;

use super::bound::by_age;
use super::host_rules::{HostRule, host_rules};
use super::server::{Expects, Follows, Server, selects, servers};
use super::sni::{Chain, Fit, chains};
use crate::port::Protocol;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::GatewayFacts;

/// One host at one gateway.
pub struct AtGateway<'q, 'a> {
    /// The host.
    pub host: &'q str,
    /// The gateway.
    pub gateway: &'q GatewayFacts,
    /// The host of its Service.
    pub service: String,
    /// The server name by which sidecars ask for the server of all hosts: the name of their cluster.
    pub hop_name: String,
    /// Gateway objects with a server for the host, for the hop's name or for the Service.
    pub gateways: Vec<&'a Resource>,
    /// VirtualServices of the host, of the hop's name, or of a wildcard over one of them.
    pub virtual_services: Vec<&'a Resource>,
}

/// Whose an object is, as seen from an egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// It is part of the egress.
    Own,
    /// It may decide: the gateway's owner wrote it, the same namespace, or another namespace's `add`.
    Trusted,
    /// Somebody else's.
    Stranger,
}

/// A rule or server of a stranger.
#[derive(Clone, Debug, PartialEq)]
pub struct Stranger<'a> {
    /// The VirtualService or Gateway object.
    pub resource: &'a Resource,
    /// Where in it.
    pub field: String,
    /// What it takes.
    pub protocol: Protocol,
    /// Where it leads, if it says so.
    pub leads_to: Option<String>,
    /// What it does to the egress.
    pub effect: TakeoverEffect,
}

/// What a stranger's rule or server does, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TakeoverEffect {
    /// It decides some or all calls of the host.
    Decides,
    /// It makes a filter chain for the same server name: Envoy refuses the whole listener.
    Breaks,
    /// Rules of the egress come first. It decides as soon as they are missing.
    Waits,
}

/// The strangers of a host, one line for each object and protocol. Empty where the egress has no rule at the gateway.
pub fn strangers<'a>(at: &AtGateway<'_, 'a>, party: &dyn Fn(&Resource) -> Party) -> Vec<Stranger<'a>> {
    let objects: Vec<&Resource> =
        at.gateways.iter().copied().filter(|object| selects(object, at.gateway)).collect();
    let all: Vec<Server<'a>> =
        by_age(&objects).into_iter().flat_map(|object| servers(object, at.gateway)).collect();
    let mut found = of_http(at, &all, party);
    found.extend(of_tls(at, &all, party));
    let mut worst: BTreeMap<(&ObjectId, Protocol), Stranger<'a>> = BTreeMap::new();
    for stranger in found {
        let known =
            worst.entry((&stranger.resource.id, stranger.protocol)).or_insert_with(|| stranger.clone());
        if stranger.effect < known.effect {
            *known = stranger;
        }
    }
    worst.into_values().collect()
}

fn of_http<'a>(
    at: &AtGateway<'_, 'a>,
    all: &[Server<'a>],
    party: &dyn Fn(&Resource) -> Party,
) -> Vec<Stranger<'a>> {
    let mut found = Vec::new();
    for table in tables(all) {
        let rules = host_rules(&table, &at.virtual_services, at.host, at.gateway);
        if !rules.iter().any(|rule| party(rule.resource) == Party::Own) {
            continue;
        }
        let mut is_decided = false;
        for rule in &rules {
            if party(rule.resource) == Party::Stranger {
                found.push(of_rule(
                    rule,
                    if is_decided { TakeoverEffect::Waits } else { TakeoverEffect::Decides },
                ));
            }
            is_decided |= rule.takes_all;
        }
        let [server] = table.as_slice() else { continue };
        if server.expects == Expects::Plaintext {
            continue;
        }
        let name = if server.hosts().any(|name| name == at.host) { at.host } else { &at.hop_name };
        let is_own = |chain: &Chain<'_>| chain.resource.id == server.object.id;
        found.extend(on_port(at, all, server.listens_on, name, Protocol::Http, &is_own, party));
    }
    found
}

fn of_tls<'a>(
    at: &AtGateway<'_, 'a>,
    all: &[Server<'a>],
    party: &dyn Fn(&Resource) -> Party,
) -> Vec<Stranger<'a>> {
    let mut found = Vec::new();
    let mut ports: Vec<i64> = all
        .iter()
        .filter(|server| server.follows() == Follows::Tls)
        .map(|server| server.listens_on)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    let is_own = |chain: &Chain<'_>| party(chain.resource) == Party::Own && chain.fit(at.host).is_some();
    for port in ports {
        found.extend(on_port(at, all, port, at.host, Protocol::Tls, &is_own, party));
    }
    found
}

/// Strangers that take connections on a port before the chains of the egress do.
fn on_port<'a>(
    at: &AtGateway<'_, 'a>,
    all: &[Server<'a>],
    port: i64,
    name: &str,
    protocol: Protocol,
    is_own: &dyn Fn(&Chain<'_>) -> bool,
    party: &dyn Fn(&Resource) -> Party,
) -> Vec<Stranger<'a>> {
    let here: Vec<Server<'a>> = all.iter().filter(|server| server.listens_on == port).copied().collect();
    let chains = chains(&here, &at.virtual_services, &at.gateway.name.namespace, &at.service);
    if !chains.iter().any(is_own) {
        return Vec::new();
    }
    let own = chains.iter().filter(|chain| is_own(chain) && !chain.is_left_out);
    let own: Option<Fit> = own.filter_map(|chain| chain.fit(name)).max();
    let strange = chains.iter().filter(|chain| party(chain.resource) == Party::Stranger);
    let mut found: Vec<Stranger<'a>> = strange
        .filter_map(|chain| {
            let fit = chain.fit(name)?;
            let effect = match own {
                _ if chain.is_left_out => (fit == Fit::Exact).then_some(TakeoverEffect::Waits),
                Some(own) if fit < own => None,
                Some(own) if fit == own => (fit == Fit::Exact).then_some(TakeoverEffect::Breaks),
                _ => Some(TakeoverEffect::Decides),
            }?;
            let leads_to = chain.leads_to.map(str::to_owned);
            Some(Stranger {
                resource: chain.resource,
                field: chain.field.clone(),
                protocol,
                leads_to,
                effect,
            })
        })
        .collect();
    // A listener for one address of the pod takes its connections from the one for all addresses.
    let elsewhere = here.iter().filter(|server| {
        server.spec.bind.as_deref().is_some_and(|bind| !bind.is_empty())
            && party(server.object) == Party::Stranger
    });
    found.extend(elsewhere.map(|server| Stranger {
        resource: server.object,
        field: format!("{}.bind", server.field()),
        protocol,
        leads_to: None,
        effect: TakeoverEffect::Decides,
    }));
    found
}

fn of_rule<'a>(rule: &HostRule<'a>, effect: TakeoverEffect) -> Stranger<'a> {
    let first = rule.http.route.iter().flatten().next();
    let leads_to = first.map(|route| route.destination.host.clone());
    let (resource, field) = (rule.resource, rule.field.clone());
    Stranger { resource, field, protocol: Protocol::Http, leads_to, effect }
}

/// The servers for HTTP by route table. `gatewayRDSRouteName` in `pilot/pkg/model/gateway.go`.
fn tables<'a>(all: &[Server<'a>]) -> Vec<Vec<Server<'a>>> {
    let mut plaintext: BTreeMap<(i64, &str), Vec<Server<'a>>> = BTreeMap::new();
    let mut found = Vec::new();
    for server in all.iter().filter(|server| server.follows() == Follows::Http) {
        if server.expects == Expects::Plaintext {
            let bind = server.spec.bind.as_deref().unwrap_or_default();
            plaintext.entry((server.listens_on, bind)).or_default().push(*server);
        } else {
            found.push(vec![*server]);
        }
    }
    found.extend(plaintext.into_values());
    found
}
