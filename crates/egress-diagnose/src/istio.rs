//! What Istio does with objects, as far as `egress_core` does not know it yet.
//!
//! Functions of single objects. Knows nothing of egress paths.

pub(crate) use egress_core::istio::client_tls;

pub(crate) mod authorization;
pub(crate) mod capture;
pub(crate) mod data_plane;
pub(crate) mod listeners;
pub(crate) mod routes;
pub(crate) mod waypoints;
