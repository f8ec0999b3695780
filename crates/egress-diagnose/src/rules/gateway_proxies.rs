//! Checks of the path from the gateway to the host, according to the gateway's Envoys.

pub(super) mod certificates_hold;
pub(super) mod cluster_owned;
pub(super) mod gateway_proxy;
pub(super) mod proxies_accept;
