//! What AuthorizationPolicies on the way say of a connection.
//!
//! Follows `buildCompleteNetworkFilters` in `pilot/pkg/networking/core/networkfilter.go` and `buildWaypointHTTPFilters` in
//! `listener_waypoint.go`: policies are asked before any route. What conditions mean is in [`crate::istio::authorization`].

use super::chain::{ChainThen, EndsTls, ListenerChain, ListenerChains};
use super::proxy::Proxy;
use super::virtual_host::without_port;
use super::walk::{Bytes, Place, Walk};
use super::waypoint;
use crate::istio::authorization::{Authorization, AuthorizationAnswer, Caller};
use crate::istio::call::{End, Passage, Refusal};
use crate::snapshot::PodFacts;

/// A connection as policies see it.
struct Authorized<'q> {
    /// The proxy knows the caller by mTLS of the mesh.
    has_identity: bool,
    is_http: bool,
    /// The server name, where the proxy looked for it.
    server_name: Option<&'q str>,
}

impl<'w> Walk<'_, 'w> {
    /// Asks the policies of a gateway or a waypoint.
    pub(super) fn passes_policies(
        &mut self,
        proxy: &Proxy<'w>,
        chains: &ListenerChains<'w>,
        chain: &ListenerChain<'w>,
        place: Place,
        (server_name, bytes): (Option<&str>, &Bytes),
    ) -> bool {
        let is_http = matches!(chain.then, ChainThen::Http(_));
        // What is no HTTP ends before policies are asked.
        if is_http && (bytes.authority.is_none() || !bytes.layers.is_empty()) {
            return true;
        }
        // istiod gives no policies to the chains of AUTO_PASSTHROUGH. `builtAutoPassthroughFilterChains`.
        if matches!(chain.then, ChainThen::SniDnat(_)) {
            return true;
        }
        if proxy.scope.is_gateway {
            let has_identity = chain.ends_tls == Some(EndsTls::OfMesh);
            let server_name = server_name.filter(|_| chains.looks());
            let seen = Authorized { has_identity, is_http, server_name };
            return self.is_authorized(proxy.policies(), &seen, place, bytes);
        }
        let Some(service) = chain.service.filter(|_| proxy.scope.is_waypoint) else { return true };
        let server_name = server_name.filter(|_| waypoint::looks(&proxy.scope, place.port));
        let seen = Authorized { has_identity: true, is_http, server_name };
        self.is_authorized(&proxy.waypoint_policies(service), &seen, place, bytes)
    }

    /// Whether policies let a connection pass; what becomes of it otherwise is said.
    fn is_authorized(
        &mut self,
        policies: &Authorization<'w>,
        seen: &Authorized<'_>,
        place: Place,
        bytes: &Bytes,
    ) -> bool {
        let peer: Option<&PodFacts> = self.peer();
        let authority = bytes.authority.as_deref().filter(|_| seen.is_http).unwrap_or_default();
        let host = without_port(authority);
        let port = authority.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')?.parse().ok());
        let account = peer.map(|pod| match pod.service_account.as_str() {
            "" => "default",
            named => named,
        });
        let caller = Caller {
            namespace: peer.map_or("", |pod| &pod.namespace),
            account,
            has_identity: seen.has_identity && peer.is_some(),
            is_http: seen.is_http,
            host,
            port: Some(port.unwrap_or(80)),
            listens_on: place.port.into(),
            sni: seen.server_name,
        };
        match policies.answer(&caller) {
            AuthorizationAnswer::Passes => return true,
            AuthorizationAnswer::Refuses => {
                let end = End::Refused(Refusal::ByPolicy);
                let way = Passage { hops: self.hops.clone(), end: end.clone() };
                self.walked.denied.extend(policies.refusal(&caller).map(|denial| (way, denial)));
                self.end(end);
            }
            AuthorizationAnswer::Undecided => self.end(End::Undecided),
        }
        false
    }
}
