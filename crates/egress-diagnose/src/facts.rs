//! What is known of a cluster: its objects, its Envoys, and what could not be read.
//!
//! Knows how facts are collected from objects and texts, and how they are looked up. Knows nothing of egress paths.

pub mod cluster_facts;
pub mod collect;
pub mod credentials;
pub mod fleet;
pub(crate) mod index;
pub(crate) mod names;
mod overlay;
pub mod source;
