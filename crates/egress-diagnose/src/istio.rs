//! What Istio does with objects, as far as `egress_core` does not know it yet.
//!
//! Functions of single objects. Knows nothing of egress paths.

pub(crate) use egress_core::istio::{authorization, client_tls, data_plane, waypoints};

pub(crate) mod capture;
pub(crate) mod listeners;
pub(crate) mod routes;
