//! Where the rules of a VirtualService lead, mirrors included, and which of these places are in the cluster.

use egress_istio::virtual_service::VirtualServiceSpec;

use crate::istio::route_destination::RouteDestination;

/// One destination of a VirtualService's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleDestination<'a> {
    /// The host as it is written.
    pub host: &'a str,
    /// The port; none where the rule leaves it to the host's only one.
    pub port: Option<i64>,
    /// What is spoken: `HTTP`, `TLS` or `TCP`.
    pub protocol: &'static str,
}

/// Every destination of the rules, for any caller. Mirrored requests count: they leave too.
pub fn destinations(spec: &VirtualServiceSpec) -> impl Iterator<Item = RuleDestination<'_>> {
    let http = spec.http.iter().flatten().flat_map(|rule| {
        let routes = rule.route.iter().flatten().map(|route| (&route.destination).into());
        let several = rule.mirrors.iter().flatten().map(|mirror| (&mirror.destination).into());
        routes.chain(rule.mirror.iter().map(|mirror| mirror.as_ref().into())).chain(several)
    });
    let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    let tcp = spec.tcp.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    http.map(spoken("HTTP"))
        .chain(tls.map(|route| (&route.destination).into()).map(spoken("TLS")))
        .chain(tcp.map(|route| (&route.destination).into()).map(spoken("TCP")))
}

/// Whether a host means a Service of the cluster: a name without dots means one of the same namespace.
pub fn is_in_cluster(host: &str, domain: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_service = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == "svc");
    let within = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    !host.contains('.') || is_service(&host) || within.is_some_and(is_service)
}

fn spoken<'a>(protocol: &'static str) -> impl Fn(RouteDestination<'a>) -> RuleDestination<'a> {
    move |RouteDestination { host, port, .. }| RuleDestination { host, port, protocol }
}
