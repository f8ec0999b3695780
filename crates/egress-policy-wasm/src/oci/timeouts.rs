//! How long a registry is waited for.

use std::time::Duration;

/// How long a registry is waited for.
pub(super) struct Timeouts {
    /// For a connection.
    pub(super) connect: Duration,
    /// For the next part of an answer.
    pub(super) idle: Duration,
    /// For everything together.
    pub(super) total: Duration,
}

/// The same for every registry.
pub(super) const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), idle: Duration::from_secs(5), total: Duration::from_mins(1) };
