//! The egress paths of a request: each host, with its callers and its gateway, before any check.
//!
//! Knows objects, and no findings.

mod caller_namespaces;
mod egress_path;
mod finder;
mod fleet;
mod gateways;
mod hosts_without_egress;
mod meant_gateway;
mod not_walked;
mod obstacle;
mod reached_hosts;
mod routed_elsewhere;

pub(crate) use self::caller_namespaces::{NamespaceCalls, caller_namespaces};
pub use self::egress_path::EgressPath;
pub(crate) use self::finder::{declared_ports, paths};
pub(crate) use self::gateways::gateways_in_question;
pub(crate) use self::hosts_without_egress::hosts_without_egress;
pub(crate) use self::meant_gateway::{is_missing_service, meant_gateway};
pub(crate) use self::not_walked::not_walked;
pub use self::obstacle::{NotWalked, Obstacle};
pub(crate) use self::routed_elsewhere::routed_elsewhere;
