//! The filter chains of a sidecar for connections of which it reads no request: chosen by server name, or by address.
//!
//! Follows `pilot/pkg/networking/core/tls.go`. Knows nothing of listeners.

use std::net::IpAddr;

use ipnet::IpNet;

use super::chain::{ChainThen, ListenerChain};
use super::cluster::ClusterKey;
use super::outbound::ListenedPort;
use super::service::MeshResolution;
use super::tcp_rules::{TcpContext, clusters, is_for, matching};
use super::virtual_host::short_names;
use crate::resource::Resource;

/// The chains for connections of a service: by the rules of VirtualServices, else to the service itself.
pub(super) fn tcp<'w>(
    part: &ListenedPort<'_, 'w>,
    bind: Option<IpAddr>,
    ranges: &[IpNet],
) -> Vec<ListenerChain<'w>> {
    let routes: Vec<&'w Resource> = part.listener.virtual_services.about(&part.known.service.host).collect();
    let context = TcpContext { scope: part.scope, port: part.port.number };
    if part.port.protocol.is_tls() {
        by_name(part, &context, &routes, bind, ranges)
    } else {
        by_address(part, &context, &routes, ranges)
    }
}

/// `buildSidecarOutboundTLSFilterChainOpts`.
fn by_name<'w>(
    part: &ListenedPort<'_, 'w>,
    context: &TcpContext<'_, 'w>,
    routes: &[&'w Resource],
    bind: Option<IpAddr>,
    ranges: &[IpNet],
) -> Vec<ListenerChain<'w>> {
    let mut found: Vec<ListenerChain<'w>> = Vec::new();
    let mut handled: Vec<(&[String], &[String])> = Vec::new();
    // istiod keeps the subnets of a match for those behind it.
    let mut ranges = ranges.to_vec();
    for resource in routes {
        let rules = resource.virtual_service().into_iter().flat_map(|spec| spec.tls.iter().flatten());
        for rule in rules {
            let Some(routes) = rule.route.as_deref().filter(|routes| !routes.is_empty()) else { continue };
            for matched in &rule.r#match {
                if !is_for(context, resource, &matching(matched)) {
                    continue;
                }
                let subnets = matched.destination_subnets.as_deref().unwrap_or_default();
                if !subnets.is_empty() {
                    ranges = subnets.iter().filter_map(|subnet| range(subnet)).collect();
                }
                let this = (matched.sni_hosts.as_slice(), subnets);
                if handled.contains(&this) {
                    continue;
                }
                handled.push(this);
                let to = routes.iter().map(|route| ((&route.destination).into(), route.weight));
                found.push(ListenerChain {
                    ranges: ranges.clone(),
                    names: matched.sni_hosts.clone(),
                    is_for_http: false,
                    ends_tls: None,
                    service: None,
                    then: ChainThen::Tcp(Some(resource), clusters(context, resource, to)),
                });
            }
        }
    }
    if found.is_empty() {
        let service = part.known.service;
        let address = service.addresses.first().filter(|address| !address.contains('/'));
        let has_range = service.addresses.first().is_some_and(|address| address.contains('/'));
        let on_all = address.is_none() && bind.is_none();
        let wild = service.host.starts_with('*') && service.resolution == MeshResolution::DynamicDns;
        let names = if !ranges.is_empty() || has_range || on_all || wild {
            let (namespace, domain) = (&part.scope.pod.namespace, &part.scope.world.mesh.cluster_domain);
            let aliases = part
                .listener
                .aliases(service)
                .flat_map(|alias| [alias.clone()].into_iter().chain(short_names(alias, namespace, domain)));
            [service.host.to_string()].into_iter().chain(aliases).collect()
        } else {
            Vec::new()
        };
        found.push(itself(part, ranges, names));
    }
    found
}

/// `buildSidecarOutboundTCPFilterChainOpts`.
fn by_address<'w>(
    part: &ListenedPort<'_, 'w>,
    context: &TcpContext<'_, 'w>,
    routes: &[&'w Resource],
    own: &[IpNet],
) -> Vec<ListenerChain<'w>> {
    let mut found: Vec<ListenerChain<'w>> = Vec::new();
    let mut is_settled = false;
    'rules: for resource in routes {
        let rules = resource.virtual_service().into_iter().flat_map(|spec| spec.tcp.iter().flatten());
        for rule in rules {
            let Some(routes) = rule.route.as_deref().filter(|routes| !routes.is_empty()) else { continue };
            let to = routes.iter().map(|route| ((&route.destination).into(), route.weight));
            let then = ChainThen::Tcp(Some(resource), clusters(context, resource, to));
            let chain = |ranges: Vec<IpNet>| ListenerChain {
                ranges,
                names: Vec::new(),
                is_for_http: false,
                ends_tls: None,
                service: None,
                then: then.clone(),
            };
            let matches = rule.r#match.as_deref().unwrap_or_default();
            if matches.is_empty() {
                found.push(chain(own.to_vec()));
                is_settled = true;
                break 'rules;
            }
            let mut subnets: Vec<IpNet> = Vec::new();
            for matched in matches.iter().filter(|one| is_for(context, resource, &matching(*one))) {
                match matched.destination_subnets.as_deref().unwrap_or_default() {
                    [] => {
                        found.push(chain(own.to_vec()));
                        is_settled = true;
                        break 'rules;
                    }
                    all => subnets.extend(all.iter().filter_map(|subnet| range(subnet))),
                }
            }
            if !subnets.is_empty() {
                is_settled |= subnets == own;
                found.push(chain(subnets));
            }
        }
    }
    if !is_settled {
        found.push(itself(part, own.to_vec(), Vec::new()));
    }
    found
}

/// The chain to the service itself; with a port of the Sidecar's own to the service's only port.
fn itself<'w>(part: &ListenedPort<'_, 'w>, ranges: Vec<IpNet>, names: Vec<String>) -> ListenerChain<'w> {
    let number = match part.known.ports.as_ref() {
        [only] => only.number,
        _ => part.port.number,
    };
    let key = ClusterKey { host: part.known.service.host.to_string(), port: number, subset: None };
    let then = ChainThen::Tcp(None, vec![key]);
    ListenerChain { ranges, names, is_for_http: false, ends_tls: None, service: None, then }
}

/// A subnet of a rule; one address is a range of one.
fn range(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
