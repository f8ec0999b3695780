//! Every known fault by which an egress breaks or leaks, as pure checks over facts.
//!
//! [`examine`](examine::examine) walks the path of each host, segment by segment, and reports no findings behind the
//! first broken one. A check is one file in `rules/`, one row in [`rules`], one bad and one good fixture. Knows
//! nothing of how facts are read or how a report looks.
//!
//! The modules are layers. Each imports only modules above it in this list:
//!
//! - `wording`, `did_you_mean`: sentences and guesses that several others share
//! - `kubernetes`, `istio`: what single objects mean
//! - [`finding`]: what a check can say
//! - [`facts`]: what is known of a cluster
//! - [`path`]: the egress paths of a request
//! - [`view`]: facts as checks read them
//! - `traffic`: routes, connections, TLS and servers of one path
//! - `fixes`: commands for fixes
//! - [`calls`]: the ways of calls to a host
//! - [`rules`]: the checks
//! - [`probe`]: a marked request, and where it went
//! - [`report`]: what a diagnosis says
//! - [`examine`]: the walk that makes a report
//! - [`bypass`]: the table of pods that can bypass the gateways; [`bundle`]: facts as texts

pub mod bundle;
pub mod bypass;
pub mod calls;
mod did_you_mean;
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
