//! The virtual hosts of a gateway: which rules take a request that one of its servers got.
//!
//! Follows `buildGatewayHTTPRouteConfig` in `pilot/pkg/networking/core/gateway.go`. Knows nothing of connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gateway_server::GatewayServer;
use super::host_index::hosts;
use super::host_name::is_subset;
use super::http_match::PlainRequest;
use super::http_rules::{HttpRule, RuleContext, rules};
use super::scope::{KnownService, ProxyScope};
use super::virtual_host::without_port;
use crate::fast_map::FastMap;
use crate::istio::bound::full_name;
use crate::resource::Resource;

/// What a gateway does with a request.
pub(super) enum GatewayRoute<'w> {
    /// This rule takes it.
    Rule(HttpRule<'w>),
    /// It is sent to HTTPS instead.
    Redirect,
    /// No rule takes it.
    None,
}

/// The virtual hosts that servers of one listener share.
#[derive(Debug)]
pub(super) struct GatewayHosts<'w> {
    exact: FastMap<String, GatewayHost<'w>>,
    wild: BTreeMap<String, GatewayHost<'w>>,
}

#[derive(Debug, Default)]
struct GatewayHost<'w> {
    bound: Vec<BoundRoute<'w>>,
    redirects: bool,
}

/// A VirtualService that a server follows for a host.
#[derive(Clone, Debug)]
struct BoundRoute<'w> {
    resource: &'w Resource,
    /// The Gateway object: `namespace/name`.
    gateway: Arc<str>,
    /// The number of the server's port.
    port: u16,
}

impl<'w> GatewayHosts<'w> {
    /// The virtual hosts of these servers.
    pub(super) fn of(scope: &ProxyScope<'w>, servers: &[GatewayServer<'w>]) -> Self {
        let mut found = GatewayHosts { exact: FastMap::default(), wild: BTreeMap::new() };
        for server in servers {
            let name: Arc<str> = full_name(server.object).into();
            let redirects = server.spec.tls.as_ref().is_some_and(|tls| tls.https_redirect == Some(true));
            let port = u16::try_from(server.spec.port.number).unwrap_or_default();
            let admitted = server.hosts();
            for resource in scope.world.virtual_services_for(&name, &scope.pod.namespace) {
                let shared = shared_hosts(scope, resource, &admitted);
                if shared.is_empty() {
                    continue;
                }
                let bound = BoundRoute { resource, gateway: Arc::clone(&name), port };
                // Which rules there are does not depend on the request.
                if bound.rules(scope, PlainRequest { authority: "", scheme: "http" }).is_empty() {
                    continue;
                }
                for host in shared {
                    let known = found.entry(host);
                    known.bound.push(bound.clone());
                    known.redirects |= redirects;
                }
            }
            if redirects {
                for host in admitted {
                    found.entry(host.to_ascii_lowercase()).redirects = true;
                }
            }
        }
        found
    }

    fn entry(&mut self, host: String) -> &mut GatewayHost<'w> {
        if host.starts_with('*') {
            self.wild.entry(host).or_default()
        } else {
            self.exact.entry(host).or_default()
        }
    }

    /// The virtual host of a request: its own, else the longest wildcard over it.
    fn choose(&self, host: &str) -> Option<&GatewayHost<'w>> {
        let over = |domain: &str| {
            let tail = domain.strip_prefix('*')?;
            (tail.is_empty() || (host.len() > tail.len() && host.ends_with(tail))).then_some(tail.len())
        };
        self.exact.get(host).or_else(|| {
            let fitting = self.wild.iter().filter_map(|(domain, rules)| Some((over(domain)?, rules)));
            fitting.max_by_key(|(fit, _)| *fit).map(|(_, rules)| rules)
        })
    }

    /// The route of a request.
    pub(super) fn route(&self, scope: &ProxyScope<'w>, request: PlainRequest<'_>) -> GatewayRoute<'w> {
        let authority = without_port(request.authority).to_ascii_lowercase();
        let Some(found) = self.choose(&authority) else { return GatewayRoute::None };
        if found.redirects {
            return GatewayRoute::Redirect;
        }
        let rules: Vec<HttpRule<'w>> =
            found.bound.iter().flat_map(|bound| bound.rules(scope, request)).collect();
        // What takes everything goes last, whichever object it is from.
        let ordered = |last: bool| rules.iter().filter(move |rule| rule.is_catch_all == last);
        let taking = ordered(false).chain(ordered(true)).find(|rule| rule.takes);
        taking.map_or(GatewayRoute::None, |rule| GatewayRoute::Rule(rule.clone()))
    }
}

impl<'w> BoundRoute<'w> {
    fn rules(&self, scope: &ProxyScope<'w>, request: PlainRequest<'_>) -> Vec<HttpRule<'w>> {
        let context = RuleContext {
            world: scope.world,
            pod: scope.pod,
            gateway: &self.gateway,
            port: self.port,
            service: &|host, resource| service(scope, host, resource),
        };
        rules(&context, self.resource, request)
    }
}

/// The hosts that a VirtualService and a server have in common: of two that overlap the narrower one.
fn shared_hosts(scope: &ProxyScope<'_>, resource: &Resource, admitted: &[String]) -> Vec<String> {
    let owner = &resource.id.namespace;
    let names: Vec<_> = hosts(resource, scope.world.mesh).collect();
    let mut found = Vec::new();
    for host in admitted {
        let host = match host.split_once('/') {
            Some((namespace, host)) if namespace == owner => host,
            Some(_) => continue,
            None => host,
        };
        for name in &names {
            let narrower = if is_subset(host, name) {
                host
            } else if is_subset(name, host) {
                name
            } else {
                continue;
            };
            let narrower = narrower.to_ascii_lowercase();
            if !found.contains(&narrower) {
                found.push(narrower);
            }
        }
    }
    found
}

/// The service of a destination: the one of the VirtualService's namespace where the gateway sees it.
/// `buildNameToServiceMapForHTTPRoutes`.
fn service<'w>(scope: &ProxyScope<'w>, host: &str, resource: &Resource) -> Option<KnownService<'w>> {
    let world = scope.world;
    let all = world.by_namespace(host);
    let own = all.into_iter().find(|service| service.namespace == resource.id.namespace);
    match own.filter(|service| world.sees(service, &scope.pod.namespace)) {
        Some(service) => Some(KnownService { service, ports: (&service.ports).into() }),
        None => scope.service(host).cloned(),
    }
}
