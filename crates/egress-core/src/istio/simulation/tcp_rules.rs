//! The rules of a VirtualService for connections: for whom they are, and to which clusters they lead.
//!
//! Follows `matchTLS` and `matchTCP` in `pilot/pkg/networking/core/tls.go`, and `buildOutboundNetworkFilters` in
//! `networkfilter.go`. Knows nothing of server names and addresses.

use std::collections::BTreeMap;

use egress_istio::virtual_service::{VirtualServiceTcpMatch, VirtualServiceTlsMatch};

use super::cluster::ClusterKey;
use super::http_rules::{RuleContext, destination};
use super::scope::ProxyScope;
use crate::istio::route_destination::RouteDestination;
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::visibility::virtual_service::{MESH, gateway_name};

/// For whom rules are chosen.
pub(super) struct TcpContext<'q, 'w> {
    pub(super) scope: &'q ProxyScope<'w>,
    /// The port of the listener; at a gateway the number that its server has in the object.
    pub(super) port: u16,
}

/// What a match says of callers: the same in TLS and TCP rules.
pub(super) struct Callers<'s> {
    gateways: &'s [String],
    port: i64,
    labels: Option<&'s BTreeMap<String, String>>,
    namespace: &'s str,
}

/// The callers of a match.
pub(super) fn matching<'s>(matched: impl Into<Callers<'s>>) -> Callers<'s> {
    matched.into()
}

impl<'s> From<&'s VirtualServiceTlsMatch> for Callers<'s> {
    fn from(matched: &'s VirtualServiceTlsMatch) -> Self {
        Callers {
            gateways: matched.gateways.as_deref().unwrap_or_default(),
            port: matched.port.unwrap_or_default(),
            labels: matched.source_labels.as_ref(),
            namespace: matched.source_namespace.as_deref().unwrap_or_default(),
        }
    }
}

impl<'s> From<&'s VirtualServiceTcpMatch> for Callers<'s> {
    fn from(matched: &'s VirtualServiceTcpMatch) -> Self {
        Callers {
            gateways: matched.gateways.as_deref().unwrap_or_default(),
            port: matched.port.unwrap_or_default(),
            labels: matched.source_labels.as_ref(),
            namespace: matched.source_namespace.as_deref().unwrap_or_default(),
        }
    }
}

/// Whether a rule is for a sidecar.
pub(super) fn is_for(context: &TcpContext<'_, '_>, resource: &Resource, callers: &Callers<'_>) -> bool {
    let pod = context.scope.pod;
    is_named(MESH, context.port, resource, callers)
        && has_labels(&pod.labels, callers.labels.into_iter().flatten())
        && (callers.namespace.is_empty() || callers.namespace == pod.namespace)
}

/// Whether a rule is for a gateway and port. Labels and namespace do not count at a gateway. `l4SingleMatch` in
/// `pilot/pkg/networking/core/gateway.go`.
pub(super) fn is_named(gateway: &str, port: u16, resource: &Resource, callers: &Callers<'_>) -> bool {
    let owner = &resource.id.namespace;
    let named = callers.gateways.is_empty()
        || callers.gateways.iter().any(|name| gateway_name(name, owner) == gateway);
    named && (callers.port == 0 || callers.port == i64::from(port))
}

/// The clusters of a rule's destinations, each with its weight.
pub(super) fn clusters<'s>(
    context: &TcpContext<'_, '_>,
    resource: &Resource,
    destinations: impl Iterator<Item = (RouteDestination<'s>, Option<i32>)>,
) -> Vec<ClusterKey> {
    let all: Vec<_> = destinations.collect();
    let is_only = all.len() == 1;
    let is_used = |weight: Option<i32>| is_only || weight.unwrap_or_default() > 0;
    let context = RuleContext {
        world: context.scope.world,
        pod: context.scope.pod,
        gateway: MESH,
        port: context.port,
        service: &|host, _| context.scope.seen_service(host).cloned(),
    };
    let used = all.into_iter().filter(|(_, weight)| is_used(*weight));
    used.map(|(to, _)| destination(&context, resource, to)).collect()
}
