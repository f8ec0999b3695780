//! Clusters that istiod makes without an object: calls leave by them for where the application called.
//!
//! Knows their names, not when they are used.

use super::scope::ProxyScope;
use crate::istio::call::Hop;

/// istiod's cluster for what leaves for where the application called.
pub(super) const PASSTHROUGH: &str = "PassthroughCluster";
/// istiod's cluster for requests that leave for the host that they name.
pub(super) const BY_NAME: &str = "AllowAnyDynamicDNSCluster";

/// A hop by a proxy to a cluster of istiod's own.
pub(super) fn own_hop(scope: &ProxyScope<'_>, cluster: &str) -> Hop {
    Hop {
        proxy: format!("{}/{}", scope.pod.namespace, scope.pod.name),
        route: None,
        cluster: cluster.to_owned(),
        service_namespace: None,
        rule: None,
        tls: None,
    }
}
