//! The steps that end an egress: the exact reverse of adding it.
//!
//! First the sidecars forget the host, then they lose the way to the gateway, then the gateway loses the way out. Taken
//! forward, a sidecar could find the host without the mesh leg and send directly.

use std::collections::BTreeSet;

use super::{Action, Plan, Step, expect};
use crate::dialect::{Down, Part, Phase, Stage, Up};
use crate::inventory::Egress;
use crate::istio::routes::{Proxies, routes};
use crate::port::Protocol;
use crate::proof::{Expectation, Side};
use crate::removal_impact::RemovalImpact;
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::Snapshot;

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Tls];
/// The objects of an egress that others made, which are deleted whole and never edited. Gateways and DestinationRules may
/// serve more than this host and stay.
const FOREIGN: [Phase; 2] = [
    Phase::whole(Role::MeshLeg, Up::Stored, Down::RoutesGone { side: Side::Clients, of: Role::MeshLeg }),
    Phase::whole(Role::Client, Up::Stored, Down::Forgotten { of: Role::MeshLeg }),
];

/// The steps from what exists of an egress to nothing. `wanted` are the parts that its record asks for, where it can be
/// read: they tell what to look for in the proxies when an object is already gone. The impact tell who else makes the
/// host known.
pub fn plan(egress: &Egress<'_>, wanted: &[Part], impact: &RemovalImpact<'_>) -> Plan {
    let remaining = impact.remaining_entries(egress);
    let known = remaining.iter().filter_map(|(_, entry)| entry.service_entry()?.ports.as_ref());
    let known = known.flatten().map(|port| port.number).collect();
    let removal = Removal { egress, wanted, known, usual: usual(egress, impact.snapshot()) };
    let steps = removal.steps();
    Plan { host: egress.host.clone(), namespace: egress.namespace.clone(), steps }
}

struct Removal<'a> {
    egress: &'a Egress<'a>,
    wanted: &'a [Part],
    /// Ports of the host that callers know by an entry that stays.
    known: BTreeSet<i64>,
    /// Ports that a destination may mean which names none.
    usual: BTreeSet<u16>,
}

impl Removal<'_> {
    /// The phases of the layout backwards: an object that was written in stages loses its second stage first. What all
    /// egresses of the gateway use stays.
    fn steps(&self) -> Vec<Step> {
        let phases = match self.egress.layout {
            Some(layout) => layout.phases_with_leftovers(),
            None => FOREIGN.iter().collect(),
        };
        let of_host = phases.iter().enumerate().filter(|(_, phase)| !phase.role.is_of_pair());
        let steps = of_host.rev().flat_map(|(place, phase)| {
            let proof = self.proof(phase.down);
            let is_first = |earlier: &&Phase| earlier.role == phase.role && earlier.stage == Stage::First;
            if phases.iter().take(place).any(is_first) {
                self.narrow(phase.role, proof).into_iter().collect()
            } else {
                self.delete(phase.role, proof)
            }
        });
        steps.collect()
    }

    fn proof(&self, down: Down) -> Option<Expectation> {
        match down {
            Down::Stored => None,
            Down::RoutesGone { side, of } => self.gone(side, of, &BOTH),
            Down::Forgotten { of } => self.forgotten(of),
            Down::EntryGone => self.entry_gone(),
        }
    }

    /// Writes the first stage over the whole object.
    fn narrow(&self, role: Role, proof: Option<Expectation>) -> Option<Step> {
        let live = self.live(role)?;
        let gateway = self.egress.gateway.as_ref().map(|gateway| gateway.namespace.as_str());
        let mut first = live.clone();
        if let Some(layout) = self.egress.layout {
            (layout.dialect().first_stage)(&mut first, gateway.unwrap_or_default());
        }
        let action = (first.spec != live.spec).then(|| Action::Narrow(Box::new(live.clone())));
        Some(Step { role, object: first, action, proof })
    }

    fn live(&self, role: Role) -> Option<&Resource> {
        self.egress.part(role)
    }

    /// The objects that play a part, or the one that would.
    fn routes(&self, role: Role) -> Vec<&Resource> {
        let live = self.egress.parts.iter().filter(|part| part.role == role).map(|part| part.resource);
        let live: Vec<&Resource> = live.collect();
        let wanted = self.wanted.iter().find(|part| part.role == role).map(|part| &part.resource);
        if live.is_empty() { wanted.into_iter().collect() } else { live }
    }

    /// The sidecars do not know the host any more. Where an entry of somebody else stays, they go on to know it, and
    /// the mesh leg serves it: there is nothing to wait for.
    fn forgotten(&self, of: Role) -> Option<Expectation> {
        let mesh = self.routes(of);
        let followed = mesh.iter().flat_map(|resource| routes(resource, Proxies::Sidecars, None));
        let mut ports = followed.filter(|route| route.protocol == Protocol::Tls).map(|route| route.port);
        let stays = |port: Option<u16>| match port {
            Some(port) => self.known.contains(&port.into()),
            None => !self.known.is_empty(),
        };
        if ports.any(stays) {
            return None;
        }
        self.gone(Side::Clients, of, &[Protocol::Tls])
    }

    /// The sidecars do not send to the host any more. Where an entry of somebody else stays for one of its ports, they go on.
    /// Routes that a move from another layout left hide what the sidecars know: then that is asked which the other layout asks.
    fn entry_gone(&self) -> Option<Expectation> {
        if !self.routes(Role::MeshLeg).is_empty() {
            return self.forgotten(Role::MeshLeg);
        }
        let ports = &self.egress.readable_record()?.intent.ports;
        let stays = ports.iter().any(|port| self.known.contains(&port.number.into()));
        (!stays).then(|| expect::entry_gone(&self.egress.host, ports))
    }

    fn gone(&self, side: Side, role: Role, protocols: &[Protocol]) -> Option<Expectation> {
        let routes = self.routes(role);
        let expectation = expect::gone(side, &self.egress.host, &routes, protocols, &self.usual);
        (!expectation.conditions.is_empty()).then_some(expectation)
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
        let wanted = self.routes(role).first().copied().zip(proof);
        let proven = |(object, proof): (&Resource, _)| Step {
            role,
            object: object.clone(),
            action: None,
            proof: Some(proof),
        };
        wanted.map(proven).into_iter().collect()
    }
}

/// The ports of the gateway's Service, and those by which the callers know the host.
fn usual(egress: &Egress<'_>, snapshot: &Snapshot) -> BTreeSet<u16> {
    let gateway = egress.gateway.as_ref().and_then(|name| snapshot.gateway(name));
    let of_gateway = gateway.into_iter().flat_map(|gateway| &gateway.ports).map(|port| port.number);
    let entries = egress.parts.iter().filter_map(|part| part.resource.service_entry()?.ports.as_ref());
    let of_host = entries.flatten().filter_map(|port| u16::try_from(port.number).ok());
    of_gateway.chain(of_host).collect()
}

fn deletion(role: Role, live: &Resource, proof: Option<Expectation>) -> Step {
    Step { role, object: live.clone(), action: Some(Action::Delete), proof }
}
