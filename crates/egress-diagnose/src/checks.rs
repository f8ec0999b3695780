//! The catalogue: one row for each check, in order of code. A code is never used for anything else again.
//!
//! Up to 46, the code is the number of the failure mode in the survey of what breaks Istio egress that the catalogue began
//! with; the gaps are modes that are not checked yet.

use crate::check::Check;

mod allowed_today;
mod ambient_captured;
mod ambient_held;
mod ambient_routed;
mod auto_mtls;
mod callers_allowed;
mod certificate_verified;
mod certificates_hold;
mod client_proxy;
mod cluster_owned;
mod connects;
mod destination_port;
mod destination_rule_host;
mod direct_entry;
mod entry_answers;
mod entry_port;
mod entry_protocol;
mod entry_resolution;
mod entry_visible;
mod export_current;
mod fleet_agrees;
mod gateway_exists;
mod gateway_host;
mod gateway_injected;
mod gateway_leg;
mod gateway_leg_visible;
mod gateway_not_taken;
mod gateway_object;
mod gateway_pinned;
mod gateway_proxy;
mod gateway_ready;
mod gateway_redundant;
mod gateway_selector;
mod grpc_hop;
mod handshake;
mod headers_removed;
mod hop_mode;
mod host_added;
mod https_port;
mod kept_open;
mod match_port;
mod may_change;
mod name_kept;
mod no_forward_proxy;
mod nobody_passes;
mod node_connects;
mod node_ready;
mod objects_complete;
mod objects_unchanged;
mod outbound_captured;
mod outbound_held;
mod outbound_mode;
mod own_destination;
mod own_network;
mod own_tls_once;
mod port_speaks_tls;
mod proxies_accept;
mod resolves;
mod route_first;
mod route_loop;
mod routes_accepted;
mod secret_exists;
mod server_conflict;
mod server_name_fits;
mod server_of_all_hosts;
mod service_outside;
mod service_ports;
mod sidecar_import;
mod sidecar_injected;
mod sni_sent;
mod sni_served;
mod subset_hidden;
mod subset_shadowed;
mod subset_visible;
mod tcp_address;
mod tcp_port;
mod terminating_server;
mod timeouts;
mod tls_opened;
mod tunnel_used;
mod upstream_visible;
mod webhook_answers;
mod wildcard_address;
mod wildcard_resolution;
mod wildcard_shadowed;

/// Every check there is.
pub const CHECKS: &[Check] = &[
    gateway_selector::CHECK,
    service_ports::CHECK,
    gateway_object::CHECK,
    gateway_host::CHECK,
    destination_port::CHECK,
    destination_rule_host::CHECK,
    subset_visible::CHECK,
    route_first::CHECK,
    server_conflict::CHECK,
    entry_protocol::CHECK,
    tcp_address::CHECK,
    certificate_verified::CHECK,
    sidecar_injected::CHECK,
    direct_entry::CHECK,
    gateway_leg::CHECK,
    route_loop::CHECK,
    outbound_mode::CHECK,
    outbound_held::CHECK,
    outbound_captured::CHECK,
    own_network::CHECK,
    gateway_pinned::CHECK,
    node_ready::CHECK,
    node_connects::CHECK,
    sidecar_import::CHECK,
    entry_visible::CHECK,
    upstream_visible::CHECK,
    client_proxy::CHECK,
    gateway_proxy::CHECK,
    resolves::CHECK,
    server_name_fits::CHECK,
    connects::CHECK,
    auto_mtls::CHECK,
    callers_allowed::CHECK,
    objects_complete::CHECK,
    objects_unchanged::CHECK,
    allowed_today::CHECK,
    wildcard_shadowed::CHECK,
    tcp_port::CHECK,
    name_kept::CHECK,
    ambient_routed::CHECK,
    wildcard_resolution::CHECK,
    secret_exists::CHECK,
    gateway_redundant::CHECK,
    fleet_agrees::CHECK,
    may_change::CHECK,
    webhook_answers::CHECK,
    subset_hidden::CHECK,
    server_of_all_hosts::CHECK,
    terminating_server::CHECK,
    sni_served::CHECK,
    entry_resolution::CHECK,
    own_tls_once::CHECK,
    entry_port::CHECK,
    gateway_leg_visible::CHECK,
    hop_mode::CHECK,
    subset_shadowed::CHECK,
    https_port::CHECK,
    match_port::CHECK,
    tls_opened::CHECK,
    gateway_exists::CHECK,
    gateway_ready::CHECK,
    host_added::CHECK,
    sni_sent::CHECK,
    port_speaks_tls::CHECK,
    grpc_hop::CHECK,
    timeouts::CHECK,
    kept_open::CHECK,
    wildcard_address::CHECK,
    no_forward_proxy::CHECK,
    tunnel_used::CHECK,
    ambient_captured::CHECK,
    ambient_held::CHECK,
    routes_accepted::CHECK,
    gateway_injected::CHECK,
    headers_removed::CHECK,
    nobody_passes::CHECK,
    proxies_accept::CHECK,
    handshake::CHECK,
    own_destination::CHECK,
    certificates_hold::CHECK,
    entry_answers::CHECK,
    cluster_owned::CHECK,
    gateway_not_taken::CHECK,
    service_outside::CHECK,
    export_current::CHECK,
];
