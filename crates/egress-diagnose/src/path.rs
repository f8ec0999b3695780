//! The egress paths of a request: each host, with its callers and its gateway, before any check.
//!
//! Knows objects, and no findings.

pub(crate) mod caller_namespaces;
pub mod egress_path;
pub(crate) mod hosts_without_egress;
pub(crate) mod not_walked;
pub mod obstacle;
pub(crate) mod routed_elsewhere;
