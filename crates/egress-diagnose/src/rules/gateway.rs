//! Checks of the gateway's Service, pods and nodes.

pub(super) mod gateway_injected;
pub(super) mod gateway_pinned;
pub(super) mod gateway_ready;
pub(super) mod gateway_redundant;
pub(super) mod node_ready;
pub(super) mod service_ports;
