//! How calls travel on one egress path: routes, connections, TLS and servers, as checks read them.
//!
//! Shared by several checks and fixes. Makes no findings.

pub(crate) mod auto_mtls;
pub(crate) mod direct_calls;
pub(crate) mod doubt;
pub(crate) mod envoys;
pub(crate) mod gateway_connections;
pub(crate) mod host_call;
pub(crate) mod other_host;
pub(crate) mod routed_call;
pub(crate) mod routed_end;
pub(crate) mod routes;
pub(crate) mod server_merge;
pub(crate) mod subset;
pub(crate) mod upstream;
pub(crate) mod upstream_attempts;
