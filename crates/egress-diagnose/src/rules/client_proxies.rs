//! Checks of the path from the callers to the gateway, according to the callers' Envoys.

pub(super) mod client_proxy;
