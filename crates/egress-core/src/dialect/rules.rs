//! Routes and ports that the layouts have in common.
//!
//! Knows how one hop of the way is written in Istio's types. Knows nothing of names, visibility or order.

use egress_istio::service_entry::{ServiceEntryPorts, ServiceEntryResolution, ServiceEntrySpec};
use egress_istio::virtual_service::{
    VirtualServiceHttp, VirtualServiceHttpDirectResponse, VirtualServiceHttpHeaders,
    VirtualServiceHttpHeadersRequest, VirtualServiceHttpMatch, VirtualServiceHttpMatchAuthority,
    VirtualServiceHttpRoute, VirtualServiceHttpRouteDestination, VirtualServiceHttpRouteDestinationPort,
    VirtualServiceTls, VirtualServiceTlsMatch, VirtualServiceTlsRoute, VirtualServiceTlsRouteDestination,
    VirtualServiceTlsRouteDestinationPort,
};

use crate::intent::{GatewayTls, Intent};
use crate::port::{Port, Protocol};

/// The gateway Service's port for HTTP, as in Istio's charts.
pub const HTTP_HOP: u16 = 80;
/// The gateway Service's port for TLS, as in Istio's charts.
pub const TLS_HOP: u16 = 443;

/// A regex that every text matches.
const EVERYTHING: &str = ".*";
/// The HTTP status of what is not there.
const NOT_FOUND: i64 = 404;

/// The destination of the rules of one VirtualService, and their labels.
pub(super) struct RuleTemplate<'a> {
    /// The host of the destination.
    pub(super) host: &'a str,
    /// The subset of the destination, for HTTP.
    pub(super) subset: Option<&'a str>,
    /// `match.gateways` of every rule; none where the VirtualService is bound to one kind of proxy only.
    pub(super) gateways: Option<&'a str>,
    /// `weight` of every route.
    pub(super) weight: Option<i32>,
}

impl RuleTemplate<'_> {
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
    ///
    /// Together the rules decide every request of the host. The gateway joins the rules of all VirtualServices of a host, and
    /// a request that ours left undecided would fall to the next one, whoever wrote it.
    pub(super) fn gateway_http(&self, intent: &Intent) -> Option<Vec<VirtualServiceHttp>> {
        let mut ports: Vec<Port> = intent.ports_of(Protocol::Http).collect();
        ports.sort_by_key(|port| (*port == Port::HTTP, port.number));
        let only = ports.len() == 1;
        let takes_all = |port: Port| only || port == Port::HTTP;
        let rest = ports.last().is_some_and(|port| !takes_all(*port)).then(|| self.no_such_port());
        let rules = ports.into_iter().map(|port| {
            let authority = if takes_all(port) { every_authority() } else { authority_of(intent, port) };
            let rule = self.http_rule(self.gateway_match(authority), port.number);
            VirtualServiceHttp { headers: Some(Box::new(without_inside_headers())), ..rule }
        });
        some(rules.chain(rest))
    }

    /// Gateway to host, by SNI.
    pub(super) fn gateway_tls(&self, intent: &Intent) -> Option<Vec<VirtualServiceTls>> {
        some(intent.ports_of(Protocol::Tls).map(|port| self.tls_rule(intent, TLS_HOP, port.number)))
    }

    /// Answers requests that name none of the ports, as the gateway does where no rule is.
    fn no_such_port(&self) -> VirtualServiceHttp {
        VirtualServiceHttp {
            r#match: Some(vec![self.gateway_match(every_authority())]),
            direct_response: Some(Box::new(VirtualServiceHttpDirectResponse {
                status: NOT_FOUND,
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    fn gateway_match(&self, authority: VirtualServiceHttpMatchAuthority) -> VirtualServiceHttpMatch {
        VirtualServiceHttpMatch {
            port: Some(HTTP_HOP.into()),
            authority: Some(Box::new(authority)),
            ..self.http_match()
        }
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

/// Matches every request, since every request has an authority. It is written because istiod moves rules whose match says
/// nothing, or only the path prefix `/`, behind all other rules of the host: `SortVHostRoutes` in
/// `pilot/pkg/networking/core/route/route.go`. A younger rule for one path, in whatever namespace, would come first.
///
/// It costs Envoy 0.3 µs a request. The regex `/.*` for the path costs 0.5 µs, 4 µs for a path of 800 bytes, and does not match
/// every request. An empty match costs nothing, but a tool that drops empty fields would open the rule again.
fn every_authority() -> VirtualServiceHttpMatchAuthority {
    VirtualServiceHttpMatchAuthority { regex: Some(EVERYTHING.to_owned()), ..Default::default() }
}

fn authority_of(intent: &Intent, port: Port) -> VirtualServiceHttpMatchAuthority {
    let exact = Some(format!("{}:{}", intent.host, port.number));
    VirtualServiceHttpMatchAuthority { exact, ..Default::default() }
}

/// The rules as earlier versions wrote them: istiod took them for catch-all rules, and nothing decided the rest. Of the
/// headers they removed the certificate's alone, and over a plain hop none.
pub(super) fn undecided(rules: &mut Vec<VirtualServiceHttp>, hop: GatewayTls) {
    rules.retain(|rule| rule.direct_response.is_none());
    for rule in rules.iter_mut().filter(|rule| rule.headers.is_some()) {
        rule.headers = match hop {
            GatewayTls::Mtls => Some(Box::new(removing(&[CERTIFICATE_HEADER]))),
            GatewayTls::Plain => None,
        };
    }
    for matched in rules.iter_mut().flat_map(|rule| rule.r#match.iter_mut().flatten()) {
        let everything = |authority: &VirtualServiceHttpMatchAuthority| *authority == every_authority();
        if matched.authority.as_deref().is_some_and(everything) {
            matched.authority = None;
        }
    }
}

/// Request headers that tell about the inside of the mesh: Envoys add them on the way, and no host outside needs them.
///
/// The caller's certificate is put there by a hop in mTLS. `x-forwarded-for` holds the address of the caller's pod,
/// `x-forwarded-proto` says `https` of every hop in mTLS, also of a call that the application made in the clear, and the
/// others say how the mesh is set up. Which are added: "HTTP header manipulation" in the documentation of Envoy, and
/// the metadata exchange of Istio. `x-envoy-attempt-count` is not among them: the router adds it after it has removed these,
/// and only `proxyHeaders` of the mesh's configuration keeps it in.
pub(crate) const INSIDE_HEADERS: [&str; 9] = [
    CERTIFICATE_HEADER,
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-envoy-decorator-operation",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-peer-metadata",
    "x-envoy-peer-metadata-id",
];
const CERTIFICATE_HEADER: &str = "x-forwarded-client-cert";

/// Keeps what tells about the inside of the mesh from the hosts outside.
fn without_inside_headers() -> VirtualServiceHttpHeaders {
    removing(&INSIDE_HEADERS)
}

fn removing(headers: &[&str]) -> VirtualServiceHttpHeaders {
    VirtualServiceHttpHeaders {
        request: Some(Box::new(VirtualServiceHttpHeadersRequest {
            remove: Some(headers.iter().map(|header| (*header).to_owned()).collect()),
            ..Default::default()
        })),
        ..Default::default()
    }
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
