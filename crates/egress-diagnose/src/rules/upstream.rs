//! Checks of the connections from the gateway's Envoys to the host.

pub(super) mod connects;
pub(super) mod gateway_nodes;
pub(super) mod handshake;
pub(super) mod kept_open;
pub(super) mod nobody_passes;
pub(super) mod node_connects;
pub(super) mod resolves;
