//! The reasons in words, as a table shows them.
//!
//! Does not know how they were found.

use std::fmt;

use super::{BypassReason, NetworkPolicyVerdict};

impl fmt::Display for BypassReason {
    /// As a table shows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BypassReason::NoSidecar => formatter.write_str("no sidecar"),
            BypassReason::HostNetwork => formatter.write_str("hostNetwork"),
            BypassReason::Ambient => formatter.write_str("ambient"),
            BypassReason::OutboundMode { mode } => write!(formatter, "{mode}"),
            BypassReason::ExcludedPorts { ports } => {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                write!(formatter, "excluded port {}", ports.join(", "))
            }
            BypassReason::ExcludedRanges { ranges } => {
                write!(formatter, "excluded range {}", ranges.join(", "))
            }
            BypassReason::NotCaptured { annotation } => {
                let name = annotation.rsplit('/').next().unwrap_or(annotation);
                write!(formatter, "not captured ({name})")
            }
            BypassReason::EarlyContainers { containers } => {
                write!(formatter, "init container {} before the sidecar", containers.join(", "))
            }
            BypassReason::ProxyUser { containers } => {
                write!(formatter, "container {} as the proxy's user", containers.join(", "))
            }
        }
    }
}

impl fmt::Display for NetworkPolicyVerdict {
    /// As a table shows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NetworkPolicyVerdict::Stops => "blocks it",
            NetworkPolicyVerdict::None => "none",
            NetworkPolicyVerdict::Open => "allows it",
            NetworkPolicyVerdict::NotApplicable => "not for hostNetwork",
            NetworkPolicyVerdict::Unknown => "unknown",
        })
    }
}
