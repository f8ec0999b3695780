//! What a diagnosis is asked for.

use egress_core::host::DnsName;

use super::PodName;

/// The request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// These hosts; none means every host.
    pub hosts: Vec<DnsName>,
    /// In this namespace; none means in all of them.
    pub namespace: Option<String>,
    /// As this pod calls them; none means one ready pod of each caller namespace.
    pub client: Option<PodName>,
}
