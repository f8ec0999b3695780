//! The only crate that talks to the API server and to proxies.
//!
//! Reads the cluster as facts, writes objects, reads Envoy's admin pages. Decides nothing: `egress-core` decides what
//! to write, what a fact means and what counts as proof. Prints nothing, and reads no environment variable of its own.

pub mod access;
pub mod admission;
pub mod cluster;
pub mod config;
mod control_plane;
mod discovery;
pub mod envoy;
pub mod error;
pub mod exec;
pub mod exported;
pub mod fetch;
mod identity;
#[cfg(test)]
mod label_selectors;
mod list;
mod log;
pub mod policy;
pub mod related_resources;
mod transport;
pub mod wait_for;
pub mod write;

pub use cluster::Cluster;
pub use error::ClusterError;
