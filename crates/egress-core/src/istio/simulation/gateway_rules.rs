//! The rules that a gateway's server follows for connections: by address and port, and by server name.
//!
//! Follows `createGatewayTCPFilterChainOpts` in `pilot/pkg/networking/core/gateway.go`. Knows nothing of requests.

use std::collections::HashSet;

use super::chain::ChainThen;
use super::gateway_server::GatewayServer;
use super::host_name::overlap;
use super::scope::ProxyScope;
use super::tcp_rules::{TcpContext, clusters, is_named, matching};
use crate::istio::bound::full_name;
use crate::istio::gateway_api::is_made_of_tls_route;
use crate::resource::Resource;

/// The VirtualServices of a server, in order of precedence. `pickMatchingGatewayHosts`.
fn bound<'w>(scope: &ProxyScope<'w>, server: &GatewayServer<'w>) -> Vec<&'w Resource> {
    let world = scope.world;
    let hosts = server.hosts();
    let fits = |resource: &&Resource| {
        let owner = &resource.id.namespace;
        let names: Vec<_> = super::host_index::hosts(resource, world.mesh).collect();
        hosts.iter().any(|host| {
            let (namespace, host) =
                host.split_once('/').map_or((None, host.as_str()), |(ns, host)| (Some(ns), host));
            namespace.is_none_or(|namespace| namespace == owner)
                && names.iter().any(|name| overlap(host, name))
        })
    };
    let all = world.virtual_services_for(&full_name(server.object), &scope.pod.namespace);
    all.into_iter().filter(fits).collect()
}

/// `buildGatewayNetworkFiltersFromTCPRoutes`.
pub(super) fn tcp_route<'w>(scope: &ProxyScope<'w>, server: &GatewayServer<'w>) -> Option<ChainThen<'w>> {
    let gateway = full_name(server.object);
    let port = u16::try_from(server.spec.port.number).unwrap_or_default();
    let context = TcpContext { scope, port };
    for resource in bound(scope, server) {
        for rule in resource.virtual_service().into_iter().flat_map(|spec| spec.tcp.iter().flatten()) {
            let matches = rule.r#match.as_deref().unwrap_or_default();
            let holds = matches.is_empty()
                || matches.iter().any(|one| is_named(&gateway, port, resource, &matching(one)));
            let Some(routes) = rule.route.as_deref().filter(|routes| !routes.is_empty() && holds) else {
                continue;
            };
            let to = routes.iter().map(|route| ((&route.destination).into(), route.weight));
            return Some(ChainThen::Tcp(Some(resource), clusters(&context, resource, to)));
        }
        // A server that ends TLS has no rules by name but those of TLSRoutes: then the first is for all names.
        let by_name = resource.virtual_service().filter(|_| is_made_of_tls_route(resource));
        for rule in by_name.into_iter().flat_map(|spec| spec.tls.iter().flatten()) {
            if !rule.r#match.iter().any(|one| is_named(&gateway, port, resource, &matching(one))) {
                continue;
            }
            let to = rule.route.iter().flatten().map(|route| ((&route.destination).into(), route.weight));
            return Some(ChainThen::Tcp(Some(resource), clusters(&context, resource, to)));
        }
    }
    None
}

/// `buildGatewayNetworkFiltersFromTLSRoutes`: a rule with a server name that an older one has is left out.
pub(super) fn by_name<'w>(
    scope: &ProxyScope<'w>,
    server: &GatewayServer<'w>,
    known: &mut HashSet<String>,
) -> Vec<(Vec<String>, ChainThen<'w>)> {
    let gateway = full_name(server.object);
    let port = u16::try_from(server.spec.port.number).unwrap_or_default();
    let context = TcpContext { scope, port };
    let mut found = Vec::new();
    for resource in bound(scope, server) {
        for rule in resource.virtual_service().into_iter().flat_map(|spec| spec.tls.iter().flatten()) {
            let Some(routes) = rule.route.as_deref().filter(|routes| !routes.is_empty()) else { continue };
            for matched in &rule.r#match {
                let names = &matched.sni_hosts;
                let is_taken = names.iter().any(|name| known.contains(name));
                if !is_named(&gateway, port, resource, &matching(matched)) || is_taken {
                    continue;
                }
                known.extend(names.iter().cloned());
                let to = routes.iter().map(|route| ((&route.destination).into(), route.weight));
                found.push((names.clone(), ChainThen::Tcp(Some(resource), clusters(&context, resource, to))));
            }
        }
    }
    found
}
