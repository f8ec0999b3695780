//! What a policy of kubectl-egress is written with.
//!
//! A policy is a type with constants that say what it is, and a function for each question it answers. It becomes a
//! WebAssembly component with [`export_policy!`], and is tested natively as the plain Rust that it is:
//!
//! ```
//! use egress_policy_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Settings { allow: Vec<HostGlob> }
//!
//! struct Acme;
//!
//! impl Policy for Acme {
//!     type Settings = Settings;
//!     const ID: &'static str = "acme-hosts";
//!     const VERSION: &'static str = "1.0.0";
//!     const TITLE: &'static str = "Only hosts that Acme knows";
//!     const RULES: &'static [Rule] = &[Rule::new("host-not-allowed", "The host is not on the list")];
//! }
//!
//! impl HostPolicy for Acme {
//!     fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
//!         let mut verdict = Verdict::default();
//!         for destination in request.destinations() {
//!             if settings.allow.iter().any(|glob| glob.matches(&destination.host)) {
//!                 verdict.allow(destination);
//!             } else {
//!                 let message = format!("{} is not on Acme's list", destination.host);
//!                 verdict.deny(destination, "host-not-allowed", message).remediation("ask in #egress");
//!             }
//!         }
//!         Ok(verdict)
//!     }
//! }
//!
//! export_policy!(Acme: hosts);
//! # fn main() {}
//! ```
//!
//! Knows the interfaces and what authors otherwise get wrong: globs, suffixes, names, selectors, networks, days. Knows
//! no host program, no cluster and no WASI: a module built with it imports the log and nothing else.
#![no_std]

extern crate alloc;

pub mod ask;
pub mod bindings;
pub mod date;
mod destination;
mod export;
mod finding;
mod glob;
pub mod json;
pub mod log;
mod map;
pub mod name;
pub mod network;
mod pin;
mod policy;
pub mod prelude;
mod request;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(feature = "schema")]
pub mod schema;
mod selector;
pub mod suffix;
mod verdict;

pub use bindings::hosts::exports::kubectl_egress::policy::hosts::{Decision, Ruling, Verdict};
pub use bindings::meta::exports::kubectl_egress::policy::meta::Descriptor;
pub use bindings::meta::kubectl_egress::policy::types::{
    Destination, Egress, Fact, Failure, Finding, Label, Node, Request, Severity, Step,
};
pub use bindings::naming::exports::kubectl_egress::policy::naming::{Name, Names, Slot};
pub use bindings::pinning::exports::kubectl_egress::policy::pinning::{
    Answer, Op, Pin, Placement, Requirement, Spread,
};
pub use destination::AskedDestination;
pub use export::Exported;
pub use glob::{HostGlob, InvalidGlob};
pub use map::Map;
pub use policy::{HostPolicy, NamingPolicy, Need, PinningPolicy, Policy, Rule, Verb};
pub use selector::{InvalidSelector, Selector};
pub use {semver, serde};
