//! All that a policy names, and the parts of `alloc` that a crate without a standard library misses.

pub use alloc::borrow::ToOwned;
pub use alloc::string::{String, ToString};
pub use alloc::vec::Vec;
pub use alloc::{format, vec};

pub use serde::Deserialize;

pub use crate::network::IpNet;
pub use crate::{
    Answer, AskedDestination, Decision, Destination, Egress, Failure, Finding, HostGlob, HostPolicy, Label,
    Map, Name, Names, NamingPolicy, Need, Node, Op, Pin, PinningPolicy, Placement, Policy, Request,
    Requirement, Rule, Ruling, Selector, Severity, Slot, Spread, Step, Verb, Verdict, export_policy,
};
