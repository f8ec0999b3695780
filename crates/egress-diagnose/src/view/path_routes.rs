//! The routes of the path that is examined, and its connections, kept so that many checks can ask for them.
//!
//! Keeps only the last path: the examiner finishes one before it begins the next.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::snapshot::GatewayFacts;
use enumset::EnumSet;

use super::View;
use super::gateway_connection::GatewayConnection;
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
    connections: Option<Kept<GatewayConnection<'a>>>,
    upstreams: Option<Kept<Upstream<'a>>>,
}

/// What was found, and the kinds of facts that were read for it.
type Kept<T> = (Vec<T>, EnumSet<Input>);

/// All that the routes of a path depend on.
struct PathKey {
    host: String,
    gateway: GatewayName,
    /// Where the egress lies in memory: all of them live as long as the view.
    egress: Option<usize>,
    callers: Vec<String>,
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

    /// Forgets what is of another path.
    fn begin(&mut self, path: &EgressPath<'_>, gateway: &GatewayFacts) {
        if !self.key.as_ref().is_some_and(|key| key.is(path, gateway)) {
            *self = PathRoutes { key: Some(PathKey::of(path, gateway)), ..PathRoutes::default() };
        }
    }
}

impl<'a> View<'a> {
    /// The connections of a path to its gateway; `find` finds them if they are not kept.
    pub(crate) fn connections(
        &self,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        find: impl FnOnce() -> Vec<GatewayConnection<'a>>,
    ) -> Vec<GatewayConnection<'a>> {
        self.once(path, gateway, |routes| &mut routes.connections, find)
    }

    /// The ways of a path from the gateway to the host; `find` finds them if they are not kept.
    pub(crate) fn upstreams(
        &self,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        find: impl FnOnce() -> Vec<Upstream<'a>>,
    ) -> Vec<Upstream<'a>> {
        self.once(path, gateway, |routes| &mut routes.upstreams, find)
    }

    fn once<T: Clone>(
        &self,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        place: impl for<'r> Fn(&'r mut PathRoutes<'a>) -> &'r mut Option<Kept<T>>,
        find: impl FnOnce() -> Vec<T>,
    ) -> Vec<T> {
        let kept = {
            let mut routes = self.routes.borrow_mut();
            routes.begin(path, gateway);
            place(&mut routes).clone()
        };
        let before = self.take_reads();
        let (found, reads) = kept.unwrap_or_else(|| {
            let found = find();
            let kept = (found, self.take_reads());
            *place(&mut self.routes.borrow_mut()) = Some(kept.clone());
            kept
        });
        self.reads.set(before | reads);
        found
    }
}

impl PathKey {
    fn of(path: &EgressPath<'_>, gateway: &GatewayFacts) -> Self {
        PathKey {
            host: path.host.clone(),
            gateway: gateway.name.clone(),
            egress: address(path),
            callers: path.callers.clone(),
        }
    }

    fn is(&self, path: &EgressPath<'_>, gateway: &GatewayFacts) -> bool {
        self.host == path.host
            && self.gateway == gateway.name
            && self.egress == address(path)
            && self.callers == path.callers
    }
}

fn address(path: &EgressPath<'_>) -> Option<usize> {
    path.egress.map(|egress| std::ptr::from_ref(egress).addr())
}
