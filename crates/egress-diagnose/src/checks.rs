//! The catalogue: one row for each check, in order of code. A code is never used for anything else again.
//!
//! Up to 46, the code is the number of the failure mode in the survey of what breaks Istio egress that the catalogue began
//! with; the gaps are modes that are not checked yet.

use crate::check::Check;

mod client_proxy;
mod connects;
mod destination_port;
mod direct_entry;
mod entry_port;
mod entry_resolution;
mod entry_visible;
mod gateway_exists;
mod gateway_host;
mod gateway_leg;
mod gateway_leg_visible;
mod gateway_object;
mod gateway_pinned;
mod gateway_proxy;
mod gateway_ready;
mod gateway_selector;
mod host_added;
mod node_ready;
mod objects_complete;
mod objects_unchanged;
mod outbound_mode;
mod resolves;
mod route_first;
mod server_conflict;
mod service_ports;
mod sidecar_import;
mod subset_hidden;
mod subset_shadowed;
mod subset_visible;
mod upstream_visible;

/// Every check there is.
pub const CHECKS: &[Check] = &[
    gateway_selector::CHECK,
    service_ports::CHECK,
    gateway_object::CHECK,
    gateway_host::CHECK,
    destination_port::CHECK,
    subset_visible::CHECK,
    route_first::CHECK,
    server_conflict::CHECK,
    direct_entry::CHECK,
    gateway_leg::CHECK,
    outbound_mode::CHECK,
    gateway_pinned::CHECK,
    node_ready::CHECK,
    sidecar_import::CHECK,
    entry_visible::CHECK,
    upstream_visible::CHECK,
    client_proxy::CHECK,
    gateway_proxy::CHECK,
    resolves::CHECK,
    connects::CHECK,
    objects_complete::CHECK,
    objects_unchanged::CHECK,
    subset_hidden::CHECK,
    entry_resolution::CHECK,
    entry_port::CHECK,
    gateway_leg_visible::CHECK,
    subset_shadowed::CHECK,
    gateway_exists::CHECK,
    gateway_ready::CHECK,
    host_added::CHECK,
];
