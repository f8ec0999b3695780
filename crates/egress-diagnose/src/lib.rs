//! Every known way in which an egress breaks or leaks, as pure checks over facts.
//!
//! [`examine`](examine::examine) walks the way of each host, hop by hop, and stops blaming after the first broken one.
//! A check is one file in `rules/`, one row in [`rules`], one bad and one good fixture. Knows nothing of how facts are
//! read or how a report looks.

pub mod bundle;
pub mod bypass;
pub mod examine;
pub mod facts;
pub mod finding;
mod fixes;
mod istio;
pub mod kubernetes;
pub mod path;
pub mod probe;
pub mod report;
pub mod rules;
mod traffic;
pub mod view;
mod wording;
