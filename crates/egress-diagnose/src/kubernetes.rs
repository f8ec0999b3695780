//! What Kubernetes does with objects, as far as it matters for egress.
//!
//! Functions of single objects. Knows nothing of Istio.

pub(crate) mod access;
pub mod endpoints;
pub(crate) mod forward_proxy;
pub(crate) mod ip_range;
pub(crate) mod network_path;
pub(crate) mod network_policy;
pub mod workload;
