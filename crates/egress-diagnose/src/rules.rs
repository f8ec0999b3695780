//! The catalogue: one row for each check, in order of code. A code is never used for anything else again.
//!
//! Up to 46, the code is the number of the failure mode in the survey of what breaks Istio egress that the catalogue began
//! with; the gaps are modes that are not checked yet, and checks that are gone.
//!
//! A check that was published and is gone stays in [`RETIRED`].

use self::check::Check;
use crate::finding::Code;

pub mod check;
mod client_proxies;
mod from_gateway;
mod gateway;
mod gateway_proxies;
mod mesh;
mod network_block;
mod objects;
mod to_gateway;
mod upstream;
mod whole_path;

/// Every check there is.
pub const CHECKS: &[Check] = &[
    from_gateway::gateway_selector::CHECK,
    gateway::service_ports::CHECK,
    from_gateway::gateway_object::CHECK,
    from_gateway::gateway_host::CHECK,
    to_gateway::destination_port::CHECK,
    mesh::destination_rule_host::CHECK,
    to_gateway::subset_visible::CHECK,
    from_gateway::server_conflict::CHECK,
    mesh::tcp_address::CHECK,
    from_gateway::certificate_verified::CHECK,
    mesh::sidecar_injected::CHECK,
    objects::direct_entry::CHECK,
    from_gateway::gateway_leg::CHECK,
    from_gateway::route_loop::CHECK,
    mesh::outbound_mode::CHECK,
    mesh::outbound_held::CHECK,
    mesh::outbound_captured::CHECK,
    mesh::own_network::CHECK,
    gateway::gateway_pinned::CHECK,
    gateway::node_ready::CHECK,
    upstream::node_connects::CHECK,
    to_gateway::sidecar_import::CHECK,
    to_gateway::entry_visible::CHECK,
    from_gateway::upstream_visible::CHECK,
    client_proxies::client_proxy::CHECK,
    gateway_proxies::gateway_proxy::CHECK,
    upstream::resolves::CHECK,
    from_gateway::server_name_fits::CHECK,
    upstream::connects::CHECK,
    from_gateway::auto_mtls::CHECK,
    from_gateway::callers_allowed::CHECK,
    objects::objects_complete::CHECK,
    objects::objects_unchanged::CHECK,
    objects::allowed_today::CHECK,
    mesh::wildcard_shadowed::CHECK,
    from_gateway::tcp_port::CHECK,
    objects::name_kept::CHECK,
    to_gateway::ambient_routed::CHECK,
    mesh::wildcard_resolution::CHECK,
    from_gateway::secret_exists::CHECK,
    gateway::gateway_redundant::CHECK,
    objects::fleet_agrees::CHECK,
    mesh::may_change::CHECK,
    mesh::webhook_answers::CHECK,
    from_gateway::server_of_all_hosts::CHECK,
    from_gateway::terminating_server::CHECK,
    from_gateway::sni_served::CHECK,
    from_gateway::entry_resolution::CHECK,
    from_gateway::own_tls_once::CHECK,
    from_gateway::entry_port::CHECK,
    from_gateway::gateway_leg_visible::CHECK,
    from_gateway::hop_mode::CHECK,
    to_gateway::https_port::CHECK,
    from_gateway::match_port::CHECK,
    from_gateway::tls_opened::CHECK,
    mesh::gateway_exists::CHECK,
    gateway::gateway_ready::CHECK,
    objects::host_added::CHECK,
    from_gateway::sni_sent::CHECK,
    from_gateway::port_speaks_tls::CHECK,
    from_gateway::grpc_hop::CHECK,
    from_gateway::timeouts::CHECK,
    upstream::kept_open::CHECK,
    mesh::wildcard_address::CHECK,
    mesh::no_forward_proxy::CHECK,
    mesh::tunnel_used::CHECK,
    mesh::ambient_captured::CHECK,
    mesh::ambient_held::CHECK,
    mesh::routes_accepted::CHECK,
    gateway::gateway_injected::CHECK,
    from_gateway::headers_removed::CHECK,
    upstream::nobody_passes::CHECK,
    gateway_proxies::proxies_accept::CHECK,
    upstream::handshake::CHECK,
    from_gateway::own_destination::CHECK,
    gateway_proxies::certificates_hold::CHECK,
    from_gateway::entry_answers::CHECK,
    gateway_proxies::cluster_owned::CHECK,
    from_gateway::gateway_not_taken::CHECK,
    mesh::service_outside::CHECK,
    mesh::export_current::CHECK,
    mesh::waypoint_authorization::CHECK,
    mesh::route_parents::CHECK,
    mesh::waypoint_reached::CHECK,
    to_gateway::network_open::CHECK,
    from_gateway::network_leaves::CHECK,
    mesh::network_services::CHECK,
    mesh::plain_start::CHECK,
    whole_path::leaves_through_gateway::CHECK,
    whole_path::routed_calls::CHECK,
    upstream::gateway_nodes::CHECK,
    from_gateway::secret_valid::CHECK,
    from_gateway::revision_served::CHECK,
    to_gateway::called_directly::CHECK,
    whole_path::routed_network::CHECK,
    mesh::workload_outside::CHECK,
    mesh::left_behind::CHECK,
    from_gateway::secret_access::CHECK,
    mesh::objects_accepted::CHECK,
    mesh::delegates_found::CHECK,
];

/// Codes of checks that are gone, and what tells their faults now. Never used for anything else.
pub const RETIRED: &[(Code, &str)] = &[
    (Code(8), "EG100 follows the call, and names the VirtualService that takes it"),
    (Code(10), "EG014 names the port, where calls of the declared protocol have no route to the gateway"),
    (Code(47), "EG100 follows the call, and names the younger DestinationRule that hides the subset"),
    (Code(56), "EG100 follows the call, and names the DestinationRule of the callers that hides the subset"),
];

/// The check with a code.
pub fn by_code(code: Code) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code)
}
