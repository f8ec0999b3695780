//! The rules of a VirtualService that carry one host, laid flat: from which port to which cluster.
//!
//! Knows how `match.gateways`, ports and SNI choose rules. Knows nothing of who sees the VirtualService.

use std::rc::Rc;

use egress_core::port::{Port, Protocol};
use egress_core::proxy::cluster_name;
use egress_core::resource::Resource;
use egress_core::visibility::host_matches;
use egress_core::visibility::virtual_service::{MESH, gateway_name};
use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceSpec};

/// One destination of one match of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Route<'a> {
    /// The VirtualService.
    pub(crate) resource: &'a Resource,
    /// Where in it: `spec.http[0].route[0].destination`.
    pub(crate) field: Rc<str>,
    /// Which match of the rule chose it: `spec.http[0].match[0]`; none where the rule has no match.
    pub(crate) matched: Option<String>,
    /// HTTP rules route requests, TLS rules connections by SNI.
    pub(crate) protocol: Protocol,
    /// The rule, where it is one for HTTP.
    pub(crate) http: Option<&'a VirtualServiceHttp>,
    /// The port that is matched; none matches all.
    pub(crate) port: Option<u16>,
    /// The host of the destination.
    pub(crate) host: &'a str,
    /// Its subset.
    pub(crate) subset: Option<&'a str>,
    /// Its port; none where the destination has one port only.
    pub(crate) destination_port: Option<u16>,
}

impl Route<'_> {
    /// Whether it takes what the application sends to this port.
    pub(crate) fn carries(&self, port: Port) -> bool {
        self.protocol == port.protocol && self.port.is_none_or(|number| number == port.number)
    }

    /// The cluster it leads to, where the port is named.
    pub(crate) fn cluster(&self) -> Option<String> {
        Some(cluster_name(self.destination_port?, self.subset.unwrap_or_default(), self.host))
    }
}

/// The routes of a host for the proxies behind one name of `spec.gateways`: `mesh`, or `namespace/name` of a Gateway.
pub(crate) fn routes<'a>(resource: &'a Resource, proxies: &str, host: &str) -> Vec<Route<'a>> {
    let Some(spec) = resource.virtual_service() else { return Vec::new() };
    let bound = Bound { namespace: &resource.id.namespace, all: spec.gateways.as_deref(), proxies };
    let mut found = Vec::new();
    for (number, rule) in spec.http.iter().flatten().enumerate() {
        let matches = rule.r#match.as_deref().unwrap_or_default();
        let chosen = matches.iter().enumerate().filter(|(_, matched)| bound.to(matched.gateways.as_deref()));
        let mut ports: Vec<Chosen> =
            chosen.map(|(place, it)| chosen_by("http", number, place, it.port)).collect();
        if matches.is_empty() && bound.to(None) {
            ports.push(Chosen::default());
        }
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let destination = &route.destination;
            found.extend(ports.iter().map(|chosen| Route {
                resource,
                field: format!("spec.http[{number}].route[{place}].destination").into(),
                matched: chosen.matched.clone(),
                protocol: Protocol::Http,
                http: Some(rule),
                port: chosen.port,
                host: &destination.host,
                subset: destination.subset.as_deref(),
                destination_port: destination.port.as_ref().and_then(|port| number_of(port.number)),
            }));
        }
    }
    for (number, rule) in spec.tls.iter().flatten().enumerate() {
        let carries = |names: &[String]| names.iter().any(|name| host_matches(name, host));
        let chosen = rule
            .r#match
            .iter()
            .enumerate()
            .filter(|(_, matched)| bound.to(matched.gateways.as_deref()) && carries(&matched.sni_hosts));
        let ports: Vec<Chosen> = chosen.map(|(place, it)| chosen_by("tls", number, place, it.port)).collect();
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let destination = &route.destination;
            found.extend(ports.iter().map(|chosen| Route {
                resource,
                field: format!("spec.tls[{number}].route[{place}].destination").into(),
                matched: chosen.matched.clone(),
                protocol: Protocol::Tls,
                http: None,
                port: chosen.port,
                host: &destination.host,
                subset: destination.subset.as_deref(),
                destination_port: destination.port.as_ref().and_then(|port| number_of(port.number)),
            }));
        }
    }
    if proxies != MESH {
        found.extend(terminated(spec, resource, &bound));
    }
    found
}

/// The TCP rules at a gateway: a TLS server that ends the mesh's mTLS takes these, and what is inside is the TLS of the
/// application. `createGatewayTCPFilterChainOpts` in `pilot/pkg/networking/core/gateway.go`.
fn terminated<'a>(spec: &'a VirtualServiceSpec, resource: &'a Resource, bound: &Bound<'_>) -> Vec<Route<'a>> {
    let mut found = Vec::new();
    for (number, rule) in spec.tcp.iter().flatten().enumerate() {
        let matches = rule.r#match.as_deref().unwrap_or_default();
        let chosen = matches.iter().enumerate().filter(|(_, matched)| bound.to(matched.gateways.as_deref()));
        let mut ports: Vec<Chosen> =
            chosen.map(|(place, it)| chosen_by("tcp", number, place, it.port)).collect();
        if matches.is_empty() && bound.to(None) {
            ports.push(Chosen::default());
        }
        for (place, route) in rule.route.iter().flatten().enumerate() {
            let destination = &route.destination;
            found.extend(ports.iter().map(|chosen| Route {
                resource,
                field: format!("spec.tcp[{number}].route[{place}].destination").into(),
                matched: chosen.matched.clone(),
                protocol: Protocol::Tls,
                http: None,
                port: chosen.port,
                host: &destination.host,
                subset: destination.subset.as_deref(),
                destination_port: destination.port.as_ref().and_then(|port| number_of(port.number)),
            }));
        }
    }
    found
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
struct Bound<'a> {
    namespace: &'a str,
    all: Option<&'a [String]>,
    proxies: &'a str,
}

impl Bound<'_> {
    /// Whether a rule with this `match.gateways` is for the proxies; without it, `spec.gateways` decides.
    fn to(&self, names: Option<&[String]>) -> bool {
        match names.filter(|names| !names.is_empty()).or(self.all).unwrap_or_default() {
            [] => self.proxies == MESH,
            names => names.iter().any(|name| gateway_name(name, self.namespace) == self.proxies),
        }
    }
}

fn number_of(port: Option<i64>) -> Option<u16> {
    port.and_then(|number| u16::try_from(number).ok()).filter(|number| *number != 0)
}
