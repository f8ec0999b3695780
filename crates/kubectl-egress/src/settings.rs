//! The settings of a command: plain values from flags, environment and defaults.
//!
//! Refuses contradictory flags, and reads the files that flags name. Commands see only these values.

pub mod add;
pub mod audit;
mod connection;
pub mod diagnose;
pub mod duration;
pub mod guard;
mod host_file;
mod hosts;
pub mod list;
mod output;
pub mod policies;
pub mod policy;
pub mod remove;
pub mod version;
pub mod writing;

use egress_core::host::quoted;
use egress_core::intent::is_label;
use egress_core::selector::Selector;

use crate::exit::Failure;

/// Which namespaces a command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// All of them (`-A`).
    All,
    /// One: `-n`, else (`None`) the namespace of the kubeconfig's context.
    One(Option<String>),
}

impl Namespaces {
    fn resolve(namespace: Option<String>, all: bool) -> Result<Self, Failure> {
        match (namespace, all) {
            (Some(_), true) => {
                let hint = "leave out `-n` for all namespaces, or `-A` for one";
                Err(Failure::usage("`-n` and `-A` contradict each other", hint))
            }
            (None, true) => Ok(Namespaces::All),
            (namespace, false) => Ok(Namespaces::One(checked_namespace(namespace)?)),
        }
    }
}

/// Refuses an invalid namespace name before it becomes part of a URL.
fn checked_namespace(namespace: Option<String>) -> Result<Option<String>, Failure> {
    match namespace {
        Some(name) if !is_label(&name) => Err(Failure::usage(
            format!(
                "`--namespace`: expected at most 63 lower case letters, digits and `-`, found {}",
                quoted(&name)
            ),
            "type `kubectl get namespaces` for the existing names",
        )),
        namespace => Ok(namespace),
    }
}

/// Reads `-l`.
fn selector(text: &str) -> Result<Selector, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("`--selector`: {error}"), "type `-l team=news`"))
}
