//! Checks of the mesh as a whole.

pub(super) mod ambient_captured;
pub(super) mod ambient_held;
pub(super) mod destination_rule_host;
pub(super) mod export_current;
pub(super) mod gateway_exists;
pub(super) mod may_change;
pub(super) mod no_forward_proxy;
pub(super) mod outbound_captured;
pub(super) mod outbound_held;
pub(super) mod outbound_mode;
pub(super) mod own_network;
pub(super) mod routed_calls;
pub(super) mod routes_accepted;
pub(super) mod service_outside;
pub(super) mod sidecar_injected;
pub(super) mod tcp_address;
pub(super) mod tunnel_used;
mod unrestricted_pods;
pub(super) mod webhook_answers;
pub(super) mod wildcard_address;
pub(super) mod wildcard_resolution;
pub(super) mod wildcard_shadowed;
