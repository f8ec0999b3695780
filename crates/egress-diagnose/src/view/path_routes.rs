//! The routes of the path that is examined and its ways out, kept so that many checks can ask for them.
//!
//! Keeps only the last path: the examiner finishes one before it begins the next.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::snapshot::GatewayFacts;
use enumset::EnumSet;

use super::upstream::Upstream;
use crate::istio::routes::Route;
use crate::path::EgressPath;

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// From the callers to the gateway.
    ToGateway,
    /// From the gateway to the host.
    FromGateway,
}

/// The routes of one path through one gateway.
#[derive(Default)]
pub(super) struct PathRoutes<'a> {
    key: Option<PathKey>,
    known: BTreeMap<Direction, Vec<Route<'a>>>,
    /// The ways out, with the kinds of facts that were read to find them.
    upstreams: Option<(Vec<Upstream<'a>>, EnumSet<Input>)>,
}

/// All that the routes of a path depend on.
struct PathKey {
    host: String,
    gateway: GatewayName,
    /// Where the egress lies in memory: all of them live as long as the view.
    egress: Option<usize>,
}

impl<'a> PathRoutes<'a> {
    /// The routes, if they are those of this path.
    pub(super) fn get(
        &self,
        direction: Direction,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
    ) -> Option<Vec<Route<'a>>> {
        self.key.as_ref().filter(|key| key.is(path, gateway))?;
        self.known.get(&direction).cloned()
    }

    /// Keeps routes; forgets those of another path.
    pub(super) fn insert(
        &mut self,
        direction: Direction,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        routes: Vec<Route<'a>>,
    ) {
        self.begin(path, gateway);
        self.known.insert(direction, routes);
    }

    /// The ways out and what was read to find them, if they are those of this path.
    pub(super) fn upstreams(
        &self,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
    ) -> Option<(Vec<Upstream<'a>>, EnumSet<Input>)> {
        self.key.as_ref().filter(|key| key.is(path, gateway))?;
        self.upstreams.clone()
    }

    /// Keeps the ways out; forgets what is of another path.
    pub(super) fn insert_upstreams(
        &mut self,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        upstreams: Vec<Upstream<'a>>,
        reads: EnumSet<Input>,
    ) {
        self.begin(path, gateway);
        self.upstreams = Some((upstreams, reads));
    }

    fn begin(&mut self, path: &EgressPath<'_>, gateway: &GatewayFacts) {
        if !self.key.as_ref().is_some_and(|key| key.is(path, gateway)) {
            *self = PathRoutes { key: Some(PathKey::of(path, gateway)), ..PathRoutes::default() };
        }
    }
}

impl PathKey {
    fn of(path: &EgressPath<'_>, gateway: &GatewayFacts) -> Self {
        PathKey { host: path.host.clone(), gateway: gateway.name.clone(), egress: address(path) }
    }

    fn is(&self, path: &EgressPath<'_>, gateway: &GatewayFacts) -> bool {
        self.host == path.host && self.gateway == gateway.name && self.egress == address(path)
    }
}

fn address(path: &EgressPath<'_>) -> Option<usize> {
    path.egress.map(|egress| std::ptr::from_ref(egress).addr())
}
