//! Routes and ports that the layouts have in common.
//!
//! Knows how one hop of the way is written in Istio's types. Knows nothing of names, visibility or order.

use egress_istio::service_entry::{ServiceEntryPorts, ServiceEntryResolution, ServiceEntrySpec};
use egress_istio::virtual_service::{
    VirtualServiceHttp, VirtualServiceHttpHeaders, VirtualServiceHttpHeadersRequest, VirtualServiceHttpMatch,
    VirtualServiceHttpMatchAuthority, VirtualServiceHttpRoute, VirtualServiceHttpRouteDestination,
    VirtualServiceHttpRouteDestinationPort, VirtualServiceTls, VirtualServiceTlsMatch,
    VirtualServiceTlsRoute, VirtualServiceTlsRouteDestination, VirtualServiceTlsRouteDestinationPort,
};

use super::{HTTP_HOP, TLS_HOP};
use crate::intent::Intent;
use crate::port::{Port, Protocol};

/// Where the routes of one leg lead, and how they are dressed.
pub(super) struct Leg<'a> {
    /// The host of the destination.
    pub(super) host: &'a str,
    /// The subset of the destination, for HTTP.
    pub(super) subset: Option<&'a str>,
    /// `match.gateways` of every rule; none where the VirtualService is bound to one kind of proxy only.
    pub(super) gateways: Option<&'a str>,
    /// `weight` of every route.
    pub(super) weight: Option<i32>,
}

impl Leg<'_> {
    /// Sidecar to gateway: each port of the application goes to the gateway Service's port for its protocol.
    pub(super) fn mesh_http(&self, intent: &Intent) -> Option<Vec<VirtualServiceHttp>> {
        some(intent.ports_of(Protocol::Http).map(|port| {
            let matched = VirtualServiceHttpMatch { port: Some(port.number.into()), ..self.http_match() };
            self.http_rule(matched, HTTP_HOP)
        }))
    }

    /// Sidecar to gateway, by SNI.
    pub(super) fn mesh_tls(&self, intent: &Intent) -> Option<Vec<VirtualServiceTls>> {
        some(intent.ports_of(Protocol::Tls).map(|port| self.tls_rule(intent, port.number, TLS_HOP)))
    }

    /// Gateway to host. All HTTP ports of a host arrive on one gateway port, so that the authority tells them apart: a
    /// client names every port but 80 in it (RFC 9110, section 7.2).
    pub(super) fn gateway_http(&self, intent: &Intent) -> Option<Vec<VirtualServiceHttp>> {
        let mut ports: Vec<Port> = intent.ports_of(Protocol::Http).collect();
        ports.sort_by_key(|port| (*port == Port::HTTP, port.number));
        let only = ports.len() == 1;
        some(ports.into_iter().map(|port| {
            let named = (!only && port != Port::HTTP).then(|| VirtualServiceHttpMatchAuthority {
                exact: Some(format!("{}:{}", intent.host, port.number)),
                ..Default::default()
            });
            let matched = VirtualServiceHttpMatch {
                port: Some(HTTP_HOP.into()),
                authority: named.map(Box::new),
                ..self.http_match()
            };
            self.http_rule(matched, port.number)
        }))
    }

    /// Gateway to host, by SNI.
    pub(super) fn gateway_tls(&self, intent: &Intent) -> Option<Vec<VirtualServiceTls>> {
        some(intent.ports_of(Protocol::Tls).map(|port| self.tls_rule(intent, TLS_HOP, port.number)))
    }

    fn http_match(&self) -> VirtualServiceHttpMatch {
        VirtualServiceHttpMatch { gateways: self.gateways(), ..Default::default() }
    }

    fn http_rule(&self, matched: VirtualServiceHttpMatch, port: u16) -> VirtualServiceHttp {
        let destination = VirtualServiceHttpRouteDestination {
            host: self.host.to_owned(),
            subset: self.subset.map(str::to_owned),
            port: Some(VirtualServiceHttpRouteDestinationPort { number: Some(port.into()) }),
        };
        VirtualServiceHttp {
            r#match: Some(vec![matched]),
            route: Some(vec![VirtualServiceHttpRoute {
                destination,
                weight: self.weight,
                ..Default::default()
            }]),
            ..Default::default()
        }
    }

    fn tls_rule(&self, intent: &Intent, matched: u16, port: u16) -> VirtualServiceTls {
        let destination = VirtualServiceTlsRouteDestination {
            host: self.host.to_owned(),
            port: Some(VirtualServiceTlsRouteDestinationPort { number: Some(port.into()) }),
            ..Default::default()
        };
        VirtualServiceTls {
            r#match: vec![VirtualServiceTlsMatch {
                gateways: self.gateways(),
                port: Some(matched.into()),
                sni_hosts: vec![intent.host.to_string()],
                ..Default::default()
            }],
            route: Some(vec![VirtualServiceTlsRoute { destination, weight: self.weight }]),
        }
    }

    fn gateways(&self) -> Option<Vec<String>> {
        self.gateways.map(|gateway| vec![gateway.to_owned()])
    }
}

/// Keeps the caller's certificate, which the mTLS hop puts into a header, inside the mesh.
pub(super) fn without_certificate_header(mut rules: Vec<VirtualServiceHttp>) -> Vec<VirtualServiceHttp> {
    for rule in &mut rules {
        rule.headers = Some(Box::new(VirtualServiceHttpHeaders {
            request: Some(Box::new(VirtualServiceHttpHeadersRequest {
                remove: Some(vec!["x-forwarded-client-cert".to_owned()]),
                ..Default::default()
            })),
            ..Default::default()
        }));
    }
    rules
}

/// A ServiceEntry that is resolved by DNS.
pub(super) fn service_entry(host: String, export_to: Vec<String>, intent: &Intent) -> ServiceEntrySpec {
    let port = |port: &Port| ServiceEntryPorts {
        number: port.number.into(),
        name: port.name(),
        protocol: Some(port.protocol.to_string()),
        target_port: None,
    };
    ServiceEntrySpec {
        hosts: vec![host],
        export_to: Some(export_to),
        ports: Some(intent.ports.iter().map(port).collect()),
        resolution: Some(ServiceEntryResolution::Dns),
        ..Default::default()
    }
}

fn some<T>(rules: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let rules: Vec<T> = rules.collect();
    if rules.is_empty() { None } else { Some(rules) }
}
