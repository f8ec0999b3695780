//! The legs of the way that is looked at, so that the many checks that ask for them do not each work them out.
//!
//! Only the last way is remembered: a walk ends with one before it begins with the next.

use std::collections::BTreeMap;

use egress_core::intent::GatewayName;
use egress_core::snapshot::GatewayFacts;

use super::View;
use crate::istio::routes::Route;
use crate::path::egress_path::Way;

/// A part of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leg {
    /// From the callers to the gateway.
    ToGateway,
    /// From the gateway to the host.
    FromGateway,
}

/// The legs of one way through one gateway.
#[derive(Default)]
pub(super) struct Legs<'a> {
    of: Option<Which>,
    known: BTreeMap<Leg, Vec<Route<'a>>>,
}

/// All that the legs of a way depend on.
struct Which {
    host: String,
    gateway: GatewayName,
    /// Where the egress lies in memory: all of them live as long as the view.
    egress: Option<usize>,
}

impl<'a> View<'a> {
    /// A leg of a way, worked out where it is not known.
    pub(crate) fn leg(
        &self,
        leg: Leg,
        way: &Way<'_>,
        gateway: &GatewayFacts,
        find: impl FnOnce() -> Vec<Route<'a>>,
    ) -> Vec<Route<'a>> {
        let egress = way.egress.map(|egress| std::ptr::from_ref(egress).addr());
        let asked = |of: &Which| of.host == way.host && of.gateway == gateway.name && of.egress == egress;
        let known = |legs: &Legs<'a>| {
            legs.of.as_ref().filter(|of| asked(of)).and_then(|_| legs.known.get(&leg).cloned())
        };
        if let Some(routes) = known(&self.legs.borrow()) {
            return routes;
        }
        let routes = find();
        let mut legs = self.legs.borrow_mut();
        if !legs.of.as_ref().is_some_and(asked) {
            let of = Which { host: way.host.clone(), gateway: gateway.name.clone(), egress };
            *legs = Legs { of: Some(of), known: BTreeMap::new() };
        }
        legs.known.insert(leg, routes.clone());
        routes
    }
}
