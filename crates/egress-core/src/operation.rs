//! What a command does to a cluster, decided before anything is written: from a request and the cluster as data to plans.
//!
//! Pure, with typed errors. Knows neither flags nor policies nor proxies: what policies answered comes in as values.

pub mod add;
pub mod existing;
pub mod gateway;
pub mod proxy_access;
pub mod prune;
pub mod remove;
