//! The destination of a VirtualService's route.
//!
//! The generated code has a type for each place of the same three fields; this is one for all. Knows nothing of what the
//! host means.

use egress_istio::virtual_service::{
    VirtualServiceHttpMirror, VirtualServiceHttpMirrorsDestination, VirtualServiceHttpRouteDestination,
    VirtualServiceTcpRouteDestination, VirtualServiceTlsRouteDestination,
};

/// Where a route leads, in the words of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteDestination<'a> {
    /// The host as it is written.
    pub host: &'a str,
    /// The port; none where the rule leaves it to istiod.
    pub port: Option<i64>,
    /// The subset; none where it is empty.
    pub subset: Option<&'a str>,
}

macro_rules! same_fields {
    ($($type:ident),*) => { $(
        impl<'a> From<&'a $type> for RouteDestination<'a> {
            fn from(to: &'a $type) -> Self {
                RouteDestination {
                    host: &to.host,
                    port: to.port.as_ref().and_then(|port| port.number),
                    subset: to.subset.as_deref().filter(|subset| !subset.is_empty()),
                }
            }
        }
    )* };
}

same_fields!(
    VirtualServiceHttpRouteDestination,
    VirtualServiceHttpMirror,
    VirtualServiceHttpMirrorsDestination,
    VirtualServiceTlsRouteDestination,
    VirtualServiceTcpRouteDestination
);
