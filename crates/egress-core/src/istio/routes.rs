//! The routes of a VirtualService, laid flat: for which proxies, from which port, to which cluster.
//!
//! Knows how `spec.gateways`, `match.gateways`, ports and SNI choose rules. Knows nothing of who sees the VirtualService, of
//! rules that are delegated, and of TCP rules in sidecars.

use std::rc::Rc;

use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceSpec};

use crate::istio::route_destination::RouteDestination;
use crate::port::{Port, Protocol};
use crate::proxy::cluster_name;
use crate::resource::Resource;
use crate::visibility::host_matches;
use crate::visibility::virtual_service::{MESH, gateway_in_full};

/// One destination of one match of one rule.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// The VirtualService.
    pub resource: &'a Resource,
    /// Where in it: `spec.http[0].route[0].destination`.
    pub field: Rc<str>,
    /// Which match of the rule chose it: `spec.http[0].match[0]`; none where the rule has no match.
    pub matched: Option<String>,
    /// HTTP rules route requests, TLS rules connections by SNI.
    pub protocol: Protocol,
    /// The rule, where it is one for HTTP.
    pub http: Option<&'a VirtualServiceHttp>,
    /// The port that is matched; none matches all.
    pub port: Option<u16>,
    /// The host of the destination.
    pub host: &'a str,
    /// Its subset.
    pub subset: Option<&'a str>,
    /// Its port; none where the destination has one port only.
    pub destination_port: Option<u16>,
}

impl Route<'_> {
    /// Whether it takes what the application sends to this port.
    pub fn carries(&self, port: Port) -> bool {
        self.protocol == port.protocol && self.port.is_none_or(|number| number == port.number)
    }

    /// The cluster it leads to, where the port is named.
    pub fn cluster(&self) -> Option<String> {
        Some(self.cluster_at(self.destination_port?))
    }

    /// The cluster it leads to if the destination's port is this one.
    pub fn cluster_at(&self, port: u16) -> String {
        cluster_name(port, self.subset.unwrap_or_default(), self.host)
    }
}

/// Proxies that follow routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxies<'q> {
    /// The sidecars.
    Sidecars,
    /// Those of any Gateway object.
    Gateways,
    /// Those of one Gateway object: `namespace/name`.
    Gateway(&'q str),
}

impl<'q> Proxies<'q> {
    /// Those behind one name of `spec.gateways`: [`MESH`], or `namespace/name` of a Gateway object.
    pub fn named(name: &'q str) -> Self {
        if name == MESH { Proxies::Sidecars } else { Proxies::Gateway(name) }
    }

    fn are(self, name: &str, namespace: &str) -> bool {
        match self {
            Proxies::Sidecars => name == MESH,
            Proxies::Gateways => name != MESH,
            Proxies::Gateway(gateway) => gateway_in_full(name, namespace) == gateway,
        }
    }
}

/// The routes of a VirtualService that these proxies follow; of TLS rules those for a host, where one is asked for.
pub fn routes<'a>(resource: &'a Resource, proxies: Proxies<'_>, host: Option<&str>) -> Vec<Route<'a>> {
    let Some(spec) = resource.virtual_service() else { return Vec::new() };
    let bound = Bound { namespace: &resource.id.namespace, spec, proxies };
    if !bound.to(None) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, rule) in spec.http.iter().flatten().enumerate() {
        let matches = rule.r#match.iter().flatten();
        let chosen = bound.chosen("http", number, matches.map(|it| (it.gateways.as_deref(), it.port)));
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let to = (&route.destination).into();
            let route = laid_flat(resource, Protocol::Http, ("http", number, place), to, &chosen);
            found.extend(route.map(|route| Route { http: Some(rule), ..route }));
        }
    }
    for (number, rule) in spec.tls.iter().flatten().enumerate() {
        let carries =
            |names: &[String]| host.is_none_or(|host| names.iter().any(|it| host_matches(it, host)));
        let matches = rule.r#match.iter().enumerate().filter(|(_, it)| carries(&it.sni_hosts));
        let chosen: Vec<Chosen> = matches
            .filter(|(_, it)| bound.to(it.gateways.as_deref()))
            .map(|(place, it)| chosen_by("tls", number, place, it.port))
            .collect();
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let to = (&route.destination).into();
            found.extend(laid_flat(resource, Protocol::Tls, ("tls", number, place), to, &chosen));
        }
    }
    if proxies == Proxies::Sidecars {
        return found;
    }
    // At a gateway, a TLS server that ends the mesh's mTLS takes these, and what is inside is the TLS of the application.
    // `createGatewayTCPFilterChainOpts` in `pilot/pkg/networking/core/gateway.go`.
    for (number, rule) in spec.tcp.iter().flatten().enumerate() {
        let matches = rule.r#match.iter().flatten();
        let chosen = bound.chosen("tcp", number, matches.map(|it| (it.gateways.as_deref(), it.port)));
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let to = (&route.destination).into();
            found.extend(laid_flat(resource, Protocol::Tls, ("tcp", number, place), to, &chosen));
        }
    }
    found
}

fn laid_flat<'a, 'q>(
    resource: &'a Resource,
    protocol: Protocol,
    (rules, rule, place): (&'q str, usize, usize),
    to: RouteDestination<'a>,
    chosen: &'q [Chosen],
) -> impl Iterator<Item = Route<'a>> + use<'a, 'q> {
    chosen.iter().map(move |chosen| Route {
        resource,
        field: format!("spec.{rules}[{rule}].route[{place}].destination").into(),
        matched: chosen.matched.clone(),
        protocol,
        http: None,
        port: chosen.port,
        host: to.host,
        subset: to.subset,
        destination_port: number_of(to.port),
    })
}

/// A match of a rule, or none.
#[derive(Default)]
struct Chosen {
    matched: Option<String>,
    port: Option<u16>,
}

fn chosen_by(rules: &str, rule: usize, place: usize, port: Option<i64>) -> Chosen {
    Chosen { matched: Some(format!("spec.{rules}[{rule}].match[{place}]")), port: number_of(port) }
}

/// Which proxies the rules of a VirtualService are for.
struct Bound<'a, 'q> {
    namespace: &'a str,
    spec: &'a VirtualServiceSpec,
    proxies: Proxies<'q>,
}

impl Bound<'_, '_> {
    /// Whether a rule with this `match.gateways` is for the proxies. `spec.gateways` decides which VirtualServices a proxy
    /// gets at all, and without it those are the sidecars; `match.gateways` takes rules away from what is left.
    /// `getGatewayNames` and `VirtualServicesForGateway` in `pilot/pkg/model/push_context.go`, `sourceMatchHTTP` in
    /// `pilot/pkg/networking/core/route/route.go`.
    fn to(&self, names: Option<&[String]>) -> bool {
        let all = self.spec.gateways.as_deref().unwrap_or_default();
        let one = |name: &String| self.proxies.are(name, self.namespace);
        let bound = |names: &[String]| match names {
            [] => self.proxies == Proxies::Sidecars,
            names => names.iter().any(one),
        };
        bound(all) && names.filter(|names| !names.is_empty()).is_none_or(bound)
    }

    /// The matches for the proxies; one that matches all where the rule has none.
    fn chosen<'m>(
        &self,
        rules: &str,
        rule: usize,
        matches: impl Iterator<Item = (Option<&'m [String]>, Option<i64>)>,
    ) -> Vec<Chosen> {
        let mut matches = matches.enumerate().peekable();
        if matches.peek().is_none() {
            return vec![Chosen::default()];
        }
        let chosen = matches.filter(|(_, (names, _))| self.to(*names));
        chosen.map(|(place, (_, port))| chosen_by(rules, rule, place, port)).collect()
    }
}

fn number_of(port: Option<i64>) -> Option<u16> {
    port.and_then(|number| u16::try_from(number).ok()).filter(|number| *number != 0)
}
