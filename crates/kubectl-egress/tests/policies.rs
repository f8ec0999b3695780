//! Where policies come from, and what is said when something is wrong with them.
//!
//! The program is run with files, and with a server that has one ConfigMap and no egress: what is told here is said
//! before anything of a mesh matters.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

#[path = "policies/cluster.rs"]
mod cluster;
#[path = "policies/guest.rs"]
mod guest;
#[path = "policies/of_cluster.rs"]
mod of_cluster;
#[path = "policies/of_files.rs"]
mod of_files;
#[path = "policies/place.rs"]
mod place;
#[path = "registry/pretender.rs"]
mod pretender;
