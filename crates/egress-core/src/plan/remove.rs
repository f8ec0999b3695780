//! The steps that end an egress: the exact reverse of adding it.
//!
//! First the sidecars forget the host, then they lose the way to the gateway, then the gateway loses the way out. Taken
//! forward, a sidecar could find the host without the mesh leg and send directly.

use std::collections::BTreeSet;

use super::{Action, Plan, Step, expect};
use crate::departure::Departures;
use crate::intent::Layout;
use crate::inventory::Egress;
use crate::port::Protocol;
use crate::proof::{Expectation, Side};
use crate::resource::Resource;
use crate::role::Role;
use crate::shape::{Part, documented};

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Tls];

/// The steps from what exists of an egress to nothing. `wanted` are the parts that its record asks for, where it can be
/// read: they tell what to look for in the proxies when an object is already gone. The departures tell who else makes the
/// host known.
pub fn plan(egress: &Egress<'_>, wanted: &[Part], departures: &Departures<'_>) -> Plan {
    let remaining = departures.remaining_entries(egress);
    let known = remaining.iter().filter_map(|(_, entry)| entry.service_entry()?.ports.as_ref());
    let known = known.flatten().map(|port| port.number).collect();
    let removal = Removal { egress, wanted, known };
    let steps = match egress.layout {
        Some(Layout::Shared) => removal.shared(),
        Some(Layout::Documented) => removal.documented(),
        None => removal.foreign(),
    };
    Plan { host: egress.host.clone(), namespace: egress.namespace.clone(), steps }
}

struct Removal<'a> {
    egress: &'a Egress<'a>,
    wanted: &'a [Part],
    /// Ports of the host that callers know by an entry that stays.
    known: BTreeSet<i64>,
}

impl Removal<'_> {
    fn shared(&self) -> Vec<Step> {
        let sidecars = self.gone(Side::Clients, Role::MeshLeg, &BOTH);
        let gateway = self.gone(Side::Gateway, Role::GatewayLeg, &BOTH);
        [
            self.delete(Role::Client, self.forgotten()),
            self.delete(Role::MeshLeg, sidecars),
            self.delete(Role::GatewayLeg, gateway),
            self.delete(Role::Upstream, None),
        ]
        .concat()
    }

    /// The two objects that were written in stages lose their second stage first.
    fn documented(&self) -> Vec<Step> {
        let gateway_namespace = self.egress.gateway.as_ref().map(|gateway| gateway.namespace.clone());
        let parts = self.egress.parts.iter();
        let parts: Vec<Part> =
            parts.map(|part| Part { role: part.role, resource: part.resource.clone() }).collect();
        let stages = documented::stages(&parts, gateway_namespace.as_deref().unwrap_or_default());
        let narrow = |role: Role, proof: Option<Expectation>| {
            let live = self.live(role)?;
            let first = stages.iter().find(|stage| stage.role == role)?;
            let action = (first.resource.spec != live.spec).then(|| Action::Update(Box::new(live.clone())));
            Some(Step { role, object: first.resource.clone(), action, proof })
        };
        [
            narrow(Role::Client, self.forgotten()).into_iter().collect(),
            narrow(Role::MeshLeg, self.gone(Side::Clients, Role::MeshLeg, &BOTH)).into_iter().collect(),
            self.delete(Role::MeshLeg, self.gone(Side::Gateway, Role::MeshLeg, &BOTH)),
            self.delete(Role::DestinationRule, None),
            self.delete(Role::Gateway, None),
            self.delete(Role::Client, None),
        ]
        .concat()
    }

    /// Objects of others are deleted whole, never edited; Gateways and DestinationRules may serve more than this host
    /// and stay.
    fn foreign(&self) -> Vec<Step> {
        let whole = |role: Role, proof: Option<Expectation>| {
            let live = self.egress.parts.iter().filter(move |part| part.role == role);
            live.map(move |part| deletion(role, part.resource, proof.clone())).collect::<Vec<_>>()
        };
        let mut steps = whole(Role::Client, self.forgotten());
        steps.extend(whole(Role::MeshLeg, self.gone(Side::Clients, Role::MeshLeg, &BOTH)));
        steps
    }

    fn live(&self, role: Role) -> Option<&Resource> {
        self.egress.part(role)
    }

    fn routes(&self, role: Role) -> Option<&Resource> {
        let wanted = || self.wanted.iter().find(|part| part.role == role).map(|part| &part.resource);
        self.live(role).or_else(wanted)
    }

    /// The sidecars do not know the host any more. Where an entry of somebody else stays, they go on to know it, and
    /// the mesh leg serves it: there is nothing to wait for.
    fn forgotten(&self) -> Option<Expectation> {
        let rules = self.routes(Role::MeshLeg)?.virtual_service()?.tls.as_ref();
        let mut ports =
            rules.into_iter().flatten().flat_map(|rule| &rule.r#match).filter_map(|found| found.port);
        if ports.any(|port| self.known.contains(&port)) {
            return None;
        }
        self.gone(Side::Clients, Role::MeshLeg, &[Protocol::Tls])
    }

    fn gone(&self, side: Side, role: Role, protocols: &[Protocol]) -> Option<Expectation> {
        let expectation = expect::gone(side, &self.egress.host, self.routes(role)?, protocols);
        (!expectation.demands.is_empty()).then_some(expectation)
    }

    /// Deletes the object if it is there, and each that plays the same part: a rename that was cut short leaves two. If
    /// it is gone already the proof is still asked for: whoever deleted it may have been cut short before they saw the
    /// effect.
    fn delete(&self, role: Role, proof: Option<Expectation>) -> Vec<Step> {
        let live = self.egress.parts.iter().filter(|part| part.role == role);
        // Only after the last of them is anything gone.
        let mut steps: Vec<Step> = live.map(|part| deletion(role, part.resource, None)).collect();
        if let Some(last) = steps.last_mut() {
            last.proof = proof;
            return steps;
        }
        let wanted = self.routes(role).zip(proof);
        let proven = |(object, proof): (&Resource, _)| Step {
            role,
            object: object.clone(),
            action: None,
            proof: Some(proof),
        };
        wanted.map(proven).into_iter().collect()
    }
}

fn deletion(role: Role, live: &Resource, proof: Option<Expectation>) -> Step {
    Step { role, object: live.clone(), action: Some(Action::Delete), proof }
}
