//! The virtual hosts of a gateway: which rules take a request that one of its servers got.
//!
//! Follows `buildGatewayHTTPRouteConfig` in `pilot/pkg/networking/core/gateway.go`. Knows nothing of connections.

use std::collections::BTreeMap;

use super::gateway::hosts_of;
use super::host_name::is_subset;
use super::http_match::PlainRequest;
use super::http_rules::{HttpRule, RuleContext, rules};
use super::scope::{KnownService, ProxyScope};
use super::virtual_host::without_port;
use crate::istio::bound::full_name;
use crate::resource::Resource;
use crate::visibility::destination_rule::full_host;

/// What a gateway does with a request.
pub(super) enum GatewayRoute<'w> {
    /// This rule takes it.
    Rule(HttpRule<'w>),
    /// It is sent to HTTPS instead.
    Redirect,
    /// No rule takes it.
    None,
}

#[derive(Default)]
struct HostRules<'w> {
    rules: Vec<HttpRule<'w>>,
    redirects: bool,
}

/// The route of a request that these servers share.
pub(super) fn route<'w>(
    scope: &ProxyScope<'w>,
    servers: &[(&'w Resource, usize)],
    request: PlainRequest<'_>,
) -> GatewayRoute<'w> {
    let mut hosts: BTreeMap<String, HostRules<'w>> = BTreeMap::new();
    for (object, index) in servers {
        let all = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
        let Some(server) = all.get(*index) else { continue };
        let name = full_name(object);
        let redirects = server.tls.as_ref().is_some_and(|tls| tls.https_redirect == Some(true));
        let port = u16::try_from(server.port.number).unwrap_or_default();
        let admitted = hosts_of(object, server);
        for resource in scope.world.virtual_services_for(&name, &scope.pod.namespace) {
            let shared = shared_hosts(scope, resource, &admitted);
            if shared.is_empty() {
                continue;
            }
            let context = RuleContext {
                mesh: scope.world.mesh,
                pod: scope.pod,
                gateway: &name,
                port,
                service: &|host, resource| service(scope, host, resource),
            };
            let found = rules(&context, resource, request);
            if found.is_empty() {
                continue;
            }
            for host in shared {
                let known = hosts.entry(host).or_default();
                known.rules.extend(found.iter().cloned());
                known.redirects |= redirects;
            }
        }
        if redirects {
            for host in admitted {
                hosts.entry(host.to_ascii_lowercase()).or_default().redirects = true;
            }
        }
    }
    let authority = without_port(request.authority).to_ascii_lowercase();
    let fit = |domain: &str| match domain.strip_prefix('*') {
        None => (domain == authority).then_some(usize::MAX),
        Some("") => Some(0),
        Some(tail) => (authority.len() > tail.len() && authority.ends_with(tail)).then_some(tail.len()),
    };
    let best =
        hosts.iter().filter_map(|(domain, rules)| Some((fit(domain)?, rules))).max_by_key(|(fit, _)| *fit);
    let Some((_, found)) = best else { return GatewayRoute::None };
    if found.redirects {
        return GatewayRoute::Redirect;
    }
    // What takes everything goes last, whichever object it is from.
    let ordered = |last: bool| found.rules.iter().filter(move |rule| rule.is_catch_all == last);
    let taking = ordered(false).chain(ordered(true)).find(|rule| rule.takes);
    taking.map_or(GatewayRoute::None, |rule| GatewayRoute::Rule(rule.clone()))
}

/// The hosts that a VirtualService and a server have in common: of two that overlap the narrower one.
fn shared_hosts(scope: &ProxyScope<'_>, resource: &Resource, admitted: &[String]) -> Vec<String> {
    let owner = &resource.id.namespace;
    let names = resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten());
    let names: Vec<String> = names.map(|name| full_host(name, owner, scope.world.mesh)).collect();
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
