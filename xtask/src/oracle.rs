//! Clusters and calls to compare our simulation of istiod with istiod's own code.
//!
//! Knows fixtures, folders of others, and clusters that a machine makes. Compares nothing yet.
#![allow(dead_code, reason = "the comparison is not there yet")]

mod calls;
mod cluster;
mod complete;
mod difference;
mod grammar;
mod minimise;
mod mutate;
mod random;
mod sources;
