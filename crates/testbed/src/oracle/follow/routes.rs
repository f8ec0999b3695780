//! What the routes of HTTP make of a request.

use egress_core::istio::call::Refusal;

use super::{
    destination::Destination,
    hosts,
    matches::{self, SeenRequest},
};
use crate::oracle::{
    envoy::{EnvoyRoute, HttpConnectionManager, RouteConfiguration, TlsRequirement},
    protocol::ProxyConfiguration,
};

/// The answer of istiod's virtual host for what a sidecar must not send.
const BAD_GATEWAY: u16 = 502;

/// The clusters of the first route that wants `GET /` for the authority.
pub(super) fn destinations(
    proxy: &ProxyConfiguration,
    http: &HttpConnectionManager,
    authority: &str,
    is_encrypted: bool,
) -> Result<Vec<Destination>, Refusal> {
    let named = http
        .rds
        .as_ref()
        .and_then(|rds| proxy.routes.iter().find(|routes| routes.name == rds.route_config_name));
    let routes: &RouteConfiguration = http.route_config.as_ref().or(named).ok_or(Refusal::NoRoute)?;
    let virtual_host = hosts::virtual_host(routes, authority).ok_or(Refusal::NoRoute)?;
    if virtual_host.require_tls != TlsRequirement::None && !is_encrypted {
        return Err(Refusal::Answered(301));
    }
    let request = SeenRequest { authority, is_encrypted };
    let route = virtual_host
        .routes
        .iter()
        .find(|route| matches::wants(&route.wanted, request))
        .ok_or(Refusal::NoRoute)?;
    act(route, virtual_host.name.as_str(), authority)
}

fn act(route: &EnvoyRoute, virtual_host: &str, authority: &str) -> Result<Vec<Destination>, Refusal> {
    if let Some(answer) = &route.direct_response {
        let is_blocked = virtual_host == "block_all" && answer.status == BAD_GATEWAY;
        return Err(if is_blocked { Refusal::Blocked } else { Refusal::Answered(answer.status) });
    }
    if let Some(redirect) = &route.redirect {
        return Err(Refusal::Answered(redirect.response_code.status()));
    }
    let action = route.route.as_ref().ok_or(Refusal::NoRoute)?;
    let one = |cluster: &str, rewritten: Option<&String>| Destination {
        cluster: cluster.to_owned(),
        rule: route.metadata.object("virtual-service"),
        authority: Some(
            rewritten
                .or(action.host_rewrite_literal.as_ref())
                .map_or_else(|| authority.to_owned(), Clone::clone),
        ),
        name_port: None,
    };
    let weighted = action.weighted_clusters.iter().flat_map(|weighted| &weighted.clusters);
    let weighted = weighted.filter(|cluster| cluster.weight > 0);
    Ok(match &action.cluster {
        Some(cluster) => vec![one(cluster, None)],
        None => weighted.map(|cluster| one(&cluster.name, cluster.host_rewrite_literal.as_ref())).collect(),
    })
}
