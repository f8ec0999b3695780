//! The test bed: a real Kubernetes, istiod and Envoys on this machine, services outside the mesh, and a load.
//!
//! For tests, the demo and benchmarks; no released program depends on it. Knows nothing of the plugin beside the words for
//! a call, and prints only what a person who waits must know.

pub mod bed;
mod digest;
pub mod external_services;
mod json_lines;
pub mod load;
pub mod oracle;
pub mod progress;
mod termination;
pub mod timed;
