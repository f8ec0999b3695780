//! The routes of a VirtualService that carry one host, for the proxies of a hop.
//!
//! `egress_core` reads the rules.

pub(crate) use egress_core::istio::routes::Route;
use egress_core::istio::routes::{self, Proxies};
use egress_core::resource::Resource;

/// The routes of a host for the proxies behind one name of `spec.gateways`: `mesh`, or `namespace/name` of a Gateway.
pub(crate) fn routes<'a>(resource: &'a Resource, proxies: &str, host: &str) -> Vec<Route<'a>> {
    routes::routes(resource, Proxies::named(proxies), Some(host))
}
