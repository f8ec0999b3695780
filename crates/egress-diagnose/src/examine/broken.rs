//! The first fault on a path, and which checks are behind it.

use egress_core::role::Role;

use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment};

/// The first fault on a path.
#[derive(Clone, Copy)]
pub(super) struct Broken {
    segment: PathSegment,
    /// The index of its cause in the report.
    pub(super) cause: usize,
    /// Segments from this one on do not depend on it.
    unaffected_from: Option<PathSegment>,
}

impl Broken {
    /// At a check of a path, if it is one of a path.
    pub(super) fn at(check: &Check, cause: usize, path: Option<&EgressPath<'_>>) -> Self {
        let segment = check.segment;
        // If the gateway cannot reach the host, `add` stops after the gateway's route. The checks behind the gateway
        // find the reason.
        let unaffected_from = path
            .filter(|path| segment == PathSegment::Objects && has_gateway_side(path))
            .map(|_| PathSegment::FromGateway);
        Broken { segment, cause, unaffected_from }
    }

    /// Whether a check is behind it.
    pub(super) fn blocks(&self, check: &Check) -> bool {
        self.segment < check.segment
            && self.unaffected_from.is_none_or(|unaffected| {
                // The whole path holds the broken part.
                check.segment < unaffected || check.segment == PathSegment::WholePath
            })
    }
}

/// Whether an egress of the shared layout has its objects for the gateway.
fn has_gateway_side(path: &EgressPath<'_>) -> bool {
    let has = |role| path.egress.is_some_and(|egress| egress.part(role).is_some());
    has(Role::Upstream) && has(Role::GatewayLeg)
}
