//! One connection from callers to a gateway: the route, its TLS settings and the gateway's server for it.
//!
//! Does not know how it is found. Makes no findings.

use std::sync::Arc;

use crate::istio::client_tls::ClientTls;
use crate::istio::listeners::{Listeners, Server};
use crate::istio::routes::Route;

/// One route of one caller namespace to the gateway's Service.
#[derive(Clone)]
pub(crate) struct GatewayConnection<'a> {
    /// The namespace.
    pub(crate) caller: String,
    /// The route.
    pub(crate) route: Route<'a>,
    /// The Service's port.
    pub(crate) port: u16,
    /// The target port of the pods.
    pub(crate) listens_on: i64,
    /// Its TLS settings from DestinationRules.
    pub(crate) tls: Option<ClientTls<'a>>,
    /// The SNI at the gateway.
    pub(crate) sni: Option<String>,
    /// The gateway server that accepts it.
    pub(crate) server: Option<Server<'a>>,
    /// All servers of the gateway.
    pub(crate) listeners: Arc<Listeners<'a>>,
}
