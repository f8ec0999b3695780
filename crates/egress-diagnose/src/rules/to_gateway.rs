//! Checks of the path from the callers to the gateway, according to the objects.

pub(super) mod ambient_routed;
pub(super) mod called_directly;
pub(super) mod destination_port;
pub(super) mod entry_visible;
pub(super) mod https_port;
pub(super) mod network_open;
pub(super) mod sidecar_import;
pub(super) mod subset_visible;
