//! The reasons in words, as a table shows them.
//!
//! Does not know how they were found.

use std::fmt;

use super::{Held, Reason};

impl fmt::Display for Reason {
    /// As a table shows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoSidecar => formatter.write_str("no sidecar"),
            Reason::HostNetwork => formatter.write_str("hostNetwork"),
            Reason::Ambient => formatter.write_str("ambient"),
            Reason::OutboundMode { mode } => write!(formatter, "{mode}"),
            Reason::ExcludedPorts { ports } => {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                write!(formatter, "excluded port {}", ports.join(", "))
            }
            Reason::ExcludedRanges { ranges } => write!(formatter, "excluded range {}", ranges.join(", ")),
            Reason::NotCaptured { annotation } => {
                let name = annotation.rsplit('/').next().unwrap_or(annotation);
                write!(formatter, "not captured ({name})")
            }
            Reason::EarlyContainers { containers } => {
                write!(formatter, "init container {} before the sidecar", containers.join(", "))
            }
            Reason::ProxyUser { containers } => {
                write!(formatter, "container {} as the proxy's user", containers.join(", "))
            }
        }
    }
}

impl fmt::Display for Held {
    /// As a table shows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Held::Stops => "blocks it",
            Held::None => "none",
            Held::Open => "allows it",
            Held::NotApplicable => "not for hostNetwork",
            Held::Unknown => "unknown",
        })
    }
}
