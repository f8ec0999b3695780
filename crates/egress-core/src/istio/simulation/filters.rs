//! Where an EnvoyFilter may change what a proxy does with a call. What it makes of the call is not computed.
//!
//! Follows `getMatchedEnvoyFilters` in `pilot/pkg/model/push_context.go`, `ShouldAttachPolicy` in `policyattachment.go` and
//! `pilot/pkg/networking/core/envoyfilter`. Which changes never move a call is in [`harmless`](super::harmless). Not known:
//! versions of proxies; a change for one version is taken for one of all.

use std::net::IpAddr;

use super::cluster::ClusterKey;
use super::gateway_api::GATEWAY;
use super::harmless::is_harmless;
use super::host_name::overlap;
use super::scope::ProxyScope;
use super::virtual_host::without_port;
use crate::label_selector::has_labels;
use crate::related_resources::{EnvoyFilterFacts, EnvoyFilterPatch, MatchedListener, Named};

/// The changes of a proxy that may move a call.
pub(super) struct ProxyFilters<'w> {
    patches: Vec<&'w EnvoyFilterPatch>,
    is_gateway: bool,
    is_waypoint: bool,
}

/// What an EnvoyFilter can change on the way of a call.
const PARTS: &[&str] = &[
    "CLUSTER",
    "FILTER_CHAIN",
    "HTTP_FILTER",
    "HTTP_ROUTE",
    "LISTENER",
    "LISTENER_FILTER",
    "NETWORK_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
];

/// Whether an EnvoyFilter may move calls on their way out, whichever proxies it is for.
pub fn may_move_calls(filter: &EnvoyFilterFacts) -> bool {
    // At a waypoint calls come in on their way out.
    let is_for_waypoints = !filter.target_refs.is_empty();
    filter.config_patches.iter().any(|patch| {
        let is_on_the_way = is_for_waypoints || context(patch) != "SIDECAR_INBOUND";
        is_on_the_way && PARTS.contains(&patch.apply_to.as_str()) && !is_harmless(patch)
    })
}

fn context(patch: &EnvoyFilterPatch) -> &str {
    patch.r#match.as_ref().map_or("", |found| &found.context)
}

/// The filter of a chain for requests.
const HTTP_MANAGER: &str = "envoy.filters.network.http_connection_manager";
/// The listener of a sidecar for what no other listener takes.
const CATCH_ALL: &str = "virtualOutbound";
/// Its port.
const CATCH_ALL_PORT: i64 = 15001;

impl<'w> ProxyFilters<'w> {
    /// Those of a proxy.
    pub(super) fn of(scope: &ProxyScope<'w>) -> Self {
        let all = scope.world.related.envoy_filters.iter().filter(|filter| is_for(filter, scope));
        let contexts: &[&str] = match () {
            () if scope.is_gateway => &["GATEWAY"],
            () if scope.is_waypoint => &["SIDECAR_INBOUND", "SIDECAR_OUTBOUND"],
            () => &["SIDECAR_OUTBOUND"],
        };
        let is_meant = |patch: &&EnvoyFilterPatch| {
            let context = context(patch);
            (matches!(context, "" | "ANY") || contexts.contains(&context)) && !is_harmless(patch)
        };
        let patches = all.flat_map(|filter| &filter.spec.config_patches).filter(is_meant).collect();
        ProxyFilters { patches, is_gateway: scope.is_gateway, is_waypoint: scope.is_waypoint }
    }

    fn any(&self, kinds: &[&str], is_for: impl Fn(&EnvoyFilterPatch) -> bool) -> bool {
        self.patches.iter().any(|patch| kinds.contains(&patch.apply_to.as_str()) && is_for(patch))
    }

    /// Whether another listener or chain may take what comes to a port.
    pub(super) fn may_move_connections(&self, port: u16) -> bool {
        self.any(&["LISTENER", "LISTENER_FILTER", "FILTER_CHAIN"], |patch| self.is_for_port(patch, port))
    }

    /// Whether the filters of the chain that takes what comes to a port may do something else with it.
    pub(super) fn may_change_chain(&self, port: u16, is_http: bool) -> bool {
        self.any(&["NETWORK_FILTER", "HTTP_FILTER"], |patch| {
            let chain = listener(patch).and_then(|found| found.filter_chain.as_ref());
            let filter = chain.and_then(|chain| chain.filter.as_ref()).map_or("", |filter| &filter.name);
            let adds_anywhere = matches!(patch.patch.operation.as_str(), "ADD" | "INSERT_FIRST");
            let is_of_requests =
                patch.apply_to == "HTTP_FILTER" || (filter == HTTP_MANAGER && !adds_anywhere);
            self.is_for_port(patch, port) && (is_http || !is_of_requests)
        })
    }

    /// Whether the routes of a request that comes to a port may be others.
    pub(super) fn may_change_routes(&self, port: u16, authority: &str) -> bool {
        self.any(&["ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"], |patch| {
            let routes = patch.r#match.as_ref().and_then(|found| found.route_configuration.as_ref());
            let Some(routes) = routes else { return true };
            // The name of a sidecar's routes is the port, and the port of a gateway's server is not that of the pod.
            let is_port = self.is_gateway
                || (routes.name.parse().is_ok_and(|number: u16| number == port)
                    || routes.name.parse::<u16>().is_err())
                    && (routes.port_number == 0 || routes.port_number == i64::from(port));
            let is_new_host = patch.apply_to == "VIRTUAL_HOST" && patch.patch.operation == "ADD";
            let names = routes.vhost.iter().flat_map(|host| [&host.name, &host.domain_name]);
            let mut names = names.filter(|name| !name.is_empty());
            is_port && (is_new_host || names.all(|name| may_be_host_of(name, authority)))
        })
    }

    /// Whether the cluster of this name may lead elsewhere.
    pub(super) fn may_change_cluster(&self, name: &str) -> bool {
        let key = ClusterKey::parse(name);
        let is_own = !name.contains('|') && !name.starts_with("outbound_");
        self.any(&["CLUSTER"], |patch| {
            let wanted = patch.r#match.as_ref().and_then(|found| found.cluster.as_ref());
            let Some(wanted) = wanted.filter(|_| !adds(patch)) else { return !adds(patch) };
            if !wanted.name.is_empty() {
                return wanted.name == name;
            }
            let Some(key) = &key else {
                // istiod's own clusters are of no service.
                let is_any = wanted.service.is_empty() && wanted.subset.is_empty() && wanted.port_number == 0;
                return is_any || !is_own;
            };
            let subset = key.subset.as_deref().unwrap_or_default();
            (wanted.subset.is_empty() || wanted.subset == subset)
                && (wanted.service.is_empty() || wanted.service == key.host)
                && (wanted.port_number == 0 || wanted.port_number == i64::from(key.port))
        })
    }

    /// Whether a cluster that istiod does not make may be there.
    pub(super) fn may_add_clusters(&self) -> bool {
        self.any(&["CLUSTER"], adds)
    }

    fn is_for_port(&self, patch: &EnvoyFilterPatch, port: u16) -> bool {
        let Some(wanted) = listener(patch).filter(|_| !self.is_waypoint) else { return true };
        if patch.apply_to == "LISTENER" && adds(patch) {
            return true;
        }
        // Every connection comes to this listener first.
        if !self.is_gateway && wanted.name == CATCH_ALL {
            let number = wanted.port_number;
            return number == 0
                || number == i64::from(port)
                || (patch.apply_to == "LISTENER" && number == CATCH_ALL_PORT);
        }
        let is_name = match wanted.name.rsplit_once('_') {
            Some((_, number)) => number.parse::<u16>().is_ok_and(|number| number == port),
            None => wanted.name.is_empty(),
        };
        let is_catch_all =
            !self.is_gateway && patch.apply_to == "LISTENER" && wanted.port_number == CATCH_ALL_PORT;
        is_name && (wanted.port_number == 0 || wanted.port_number == i64::from(port) || is_catch_all)
    }
}

fn listener(patch: &EnvoyFilterPatch) -> Option<&MatchedListener> {
    patch.r#match.as_ref().and_then(|found| found.listener.as_ref())
}

/// Of clusters and listeners every insertion is an addition.
fn adds(patch: &EnvoyFilterPatch) -> bool {
    patch.patch.operation == "ADD" || patch.patch.operation.starts_with("INSERT_")
}

/// Whether a virtual host of this name, or with this domain, may be the one of a request.
fn may_be_host_of(name: &str, authority: &str) -> bool {
    let (host, called) = (without_port(name), without_port(authority));
    let label = |host: &str| host.split('.').next().unwrap_or_default().to_ascii_lowercase();
    // A virtual host has the addresses of its service as domains, and that of a Kubernetes Service short names and aliases.
    let is_address = called.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_in_cluster = host.contains(".svc.") && (called.contains(".svc") || !called.contains('.'));
    // istiod's own virtual hosts have names without dots.
    !host.contains('.')
        || is_address
        || is_in_cluster
        || overlap(host, &called.to_ascii_lowercase())
        || label(host) == label(called)
}

/// Whether an EnvoyFilter is for a proxy.
fn is_for(filter: &Named<EnvoyFilterFacts>, scope: &ProxyScope<'_>) -> bool {
    let (pod, root) = (scope.pod, &scope.world.mesh.root_namespace);
    if filter.namespace != pod.namespace && filter.namespace != *root {
        return false;
    }
    let targets = &filter.spec.target_refs;
    match pod.labels.get(GATEWAY) {
        Some(gateway) if !targets.is_empty() || scope.is_waypoint => {
            targets.iter().any(|target| match target.kind.as_str() {
                "Gateway" => filter.namespace == pod.namespace && target.name == *gateway,
                "GatewayClass" => scope.is_waypoint && filter.namespace == *root,
                // A waypoint may have it for one service.
                _ => scope.is_waypoint,
            })
        }
        None if !targets.is_empty() => false,
        _ => {
            let wanted = filter.spec.workload_selector.as_ref().map(|selector| &selector.labels);
            has_labels(&pod.labels, wanted.into_iter().flatten())
        }
    }
}
