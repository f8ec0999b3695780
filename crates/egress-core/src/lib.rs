//! What an egress is and how it changes, as pure functions of values.
//!
//! Knows hosts, Istio's objects, the layouts, the order of writing, and what counts as proof. Never touches a cluster, a
//! file, the environment or the clock: those live in `egress-cluster` and in the binary.

pub mod admission;
pub mod callers;
pub mod certificate_validity;
pub mod command;
pub mod conflict;
pub mod dialect;
pub mod digest;
mod fast_map;
pub mod host;
pub mod host_list;
pub mod index;
pub mod input;
pub mod intent;
pub mod inventory;
pub mod istio;
pub mod kind;
pub mod kubernetes;
pub mod kubernetes_name;
pub mod label_selector;
pub mod merge_request;
pub mod metadata;
pub mod missing_permission;
pub mod names;
pub mod objects;
pub mod open_to;
pub mod opened;
pub mod operation;
pub mod path;
pub mod plan;
pub mod port;
pub mod preflight;
pub mod proof;
pub mod proxy;
pub mod recorded_policies;
pub mod redacted;
pub mod related_resources;
pub mod removal_impact;
pub mod resource;
pub mod role;
pub mod root_namespace;
pub mod selector;
pub mod snapshot;
pub mod target;
pub mod text;
pub mod tree;
pub mod typed;
pub mod unreadable;
pub mod visibility;
pub mod words;
pub mod yaml;
