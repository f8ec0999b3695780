//! Changes of EnvoyFilters that never change where a call goes, nor whether it gets there: sizes, times, logs, counters.
//!
//! Knows names of Envoy's fields and filters. What is not in these lists may do anything.

use crate::related_resources::EnvoyFilterPatch;

const LISTENER: &[&str] = &[
    "access_log",
    "connection_balance_config",
    "enable_reuse_port",
    "per_connection_buffer_limit_bytes",
    "socket_options",
    "stat_prefix",
    "tcp_backlog_size",
];

const NETWORK_FILTER: &[&str] = &[
    "access_log",
    "access_log_options",
    "always_set_request_id_in_response",
    "common_http_protocol_options",
    "delayed_close_timeout",
    "drain_timeout",
    "generate_request_id",
    "http2_protocol_options",
    "http_protocol_options",
    "idle_timeout",
    "max_request_headers_kb",
    "preserve_external_request_id",
    "request_headers_timeout",
    "request_timeout",
    "server_header_transformation",
    "server_name",
    "stat_prefix",
    "stream_idle_timeout",
    "tracing",
    "via",
];

/// An action is not among them: merged with a route that answers by itself, it takes the place of the answer.
const ROUTES: &[&str] = &[
    "hedge_policy",
    "include_request_attempt_count",
    "per_request_buffer_limit_bytes",
    "rate_limits",
    "response_headers_to_add",
    "response_headers_to_remove",
    "retry_policy",
    "tracing",
];

const CLUSTER: &[&str] = &[
    "alt_stat_name",
    "circuit_breakers",
    "cleanup_interval",
    "close_connections_on_host_health_failure",
    "connect_timeout",
    "dns_failure_refresh_rate",
    "dns_jitter",
    "dns_refresh_rate",
    "max_requests_per_connection",
    "outlier_detection",
    "per_connection_buffer_limit_bytes",
    "preconnect_policy",
    "respect_dns_ttl",
    "slow_start_config",
    "track_cluster_stats",
    "upstream_connection_options",
];

/// Filters that let everything pass.
const FILTERS: &[&str] = &[
    "envoy.filters.http.bandwidth_limit",
    "envoy.filters.http.buffer",
    "envoy.filters.http.compressor",
    "envoy.filters.http.decompressor",
    "envoy.filters.http.grpc_stats",
    "envoy.filters.http.local_ratelimit",
    "envoy.filters.http.ratelimit",
    "envoy.filters.network.metadata_exchange",
    "istio.metadata_exchange",
    "istio.stats",
];

/// Whether a change never moves a call.
pub(super) fn is_harmless(patch: &EnvoyFilterPatch) -> bool {
    let change = &patch.patch;
    let is_filter = matches!(patch.apply_to.as_str(), "HTTP_FILTER" | "NETWORK_FILTER");
    if is_filter && change.filter.as_deref().is_some_and(|name| FILTERS.contains(&name)) {
        return change.operation != "REPLACE";
    }
    // Of anything else than a filter it is a new name.
    if !is_filter && change.filter.is_some() {
        return false;
    }
    let harmless = match patch.apply_to.as_str() {
        "LISTENER" => LISTENER,
        "NETWORK_FILTER" => NETWORK_FILTER,
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => ROUTES,
        "CLUSTER" => CLUSTER,
        _ => &[],
    };
    matches!(change.operation.as_str(), "MERGE" | "MERGE_AND_REPLACE_LIST")
        && !change.fields.is_empty()
        && change.fields.iter().all(|field| harmless.contains(&field.as_str()))
}
