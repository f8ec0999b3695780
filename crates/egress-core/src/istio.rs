//! What istiod makes of objects for a gateway's pods: its own algorithms as pure functions.
//!
//! Each function names the place in istio/istio that it follows (read at 1.31). Not known: EnvoyFilters, which may change
//! everything afterwards.

pub mod authorization;
pub mod bound;
pub mod call;
pub mod client_tls;
pub mod data_plane;
pub mod features;
pub mod gateway_api;
pub mod host_rules;
mod load_balancer;
pub mod protocol;
pub mod route_destination;
pub mod routes;
pub mod server;
pub mod simulation;
pub mod sni;
pub mod takeover;
pub mod validation;
pub mod waypoints;
