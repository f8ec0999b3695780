//! Every known way in which an egress breaks or leaks, as pure checks over facts.
//!
//! [`examine`](examine::examine) walks the way of each host, hop by hop, and stops blaming after the first broken one.
//! A check is one file in `checks/`, one row in [`checks`], one bad and one good fixture. Knows nothing of how facts are
//! read or how a report looks.

pub mod accept;
mod attempts;
mod authorization;
mod auto_mtls;
pub mod awaited;
pub mod bundle;
pub mod bypass;
mod calls;
mod capture;
pub mod check;
pub mod checks;
pub mod choice;
mod client_tls;
pub mod collect;
pub mod credentials;
mod drift;
pub mod endpoints;
pub mod evidence;
pub mod examine;
pub mod finding;
mod fixes;
pub mod fleet;
mod held;
mod hop_calls;
mod index;
mod left_out;
mod legs;
mod merge;
mod names;
mod network;
pub mod pods;
pub mod probe;
mod proxies;
mod ranges;
pub mod report;
mod routes;
mod servers;
pub mod source;
mod subset;
mod upstream;
pub mod view;
pub mod way;
mod waypoints;
mod words;
