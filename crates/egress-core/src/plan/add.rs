//! The steps that make an egress exist, or that finish one that was cut short, or widen one.
//!
//! The order is that of the layout's phases: whatever carries the traffic exists before whatever sends traffic to it, and
//! the entry that lets a sidecar know the host comes last. A client entry seen before the mesh leg would open the direct way.

use std::collections::BTreeMap;

use super::{Action, Plan, Step, apply, expect, rename};
use crate::dialect::{Dialect, Part, Phase, Rename, Stage, Up, Upstream};
use crate::index::Remaining;
use crate::intent::Intent;
use crate::metadata;
use crate::names;
use crate::proof::{Expectation, Side};
use crate::proxy::port_and_host;
use crate::resource::Resource;
use crate::role::Role;

/// The steps from what there is to the wanted parts, which `dialect::build` made for this intent. Objects of the same
/// egress under other names go last, once those that are wanted are proven.
pub fn plan(intent: &Intent, wanted: &[Part], cluster: &Remaining<'_, '_>) -> Plan {
    let dialect = intent.layout.dialect();
    let addition = Addition { intent, dialect, wanted, cluster };
    let mut steps = addition.steps();
    if dialect.rename == Rename::Beside {
        steps.extend(rename::retire(&addition));
    }
    Plan { host: intent.host.clone(), namespace: intent.namespace.clone(), steps }
}

/// One egress on its way into a cluster.
pub(super) struct Addition<'s, 'a> {
    pub(super) intent: &'s Intent,
    pub(super) dialect: &'static Dialect,
    pub(super) wanted: &'s [Part],
    pub(super) cluster: &'s Remaining<'s, 'a>,
}

impl Addition<'_, '_> {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        // Ports that the gateway's entry gets only later cannot be seen at the gateway before: they are proven then.
        let mut postponed = None;
        for (place, phase) in self.dialect.phases.iter().enumerate() {
            let Some(part) = self.part(phase.role) else { continue };
            let Some(mut step) = self.step(phase, part) else { continue };
            let is_at_gateway = matches!(phase.up, Up::Routes { side: Side::Gateway, .. });
            if is_at_gateway && self.widens_after(place) {
                postponed = step.proof.take();
            }
            if phase.role == self.dialect.upstream_entry
                && phase.stage == Stage::Whole
                && let Some(at_gateway) = postponed.take()
            {
                let proof = step.proof.take();
                let unchanged = Step { action: None, proof, ..step.clone() };
                steps.extend([Step { proof: Some(at_gateway), ..step }, unchanged]);
            } else {
                steps.push(step);
            }
        }
        steps
    }

    fn step(&self, phase: &Phase, part: &Part) -> Option<Step> {
        let found = self.cluster.find(&part.resource.id);
        let proof = self.proof(phase.up);
        let (object, action) = match (phase.stage, found) {
            (Stage::First, None) => (self.first_stage(part), Some(Action::Create)),
            (Stage::First, Some(live)) => (live.clone(), None),
            // The second write of a new object goes over its first stage.
            (Stage::Whole, None) if self.has_first_stage(phase.role) => {
                (part.resource.clone(), Some(Action::Update(Box::new(self.first_stage(part)))))
            }
            (Stage::Whole, found) => (part.resource.clone(), apply(&part.resource, found)),
        };
        if !phase.role.is_of_pair() {
            return Some(Step { role: phase.role, object, action, proof });
        }
        // A user who may not read the gateway's namespace may not write there either: the pair is its owner's. Whether it is
        // there shows in the callers' proxies, which know the subset of its DestinationRule.
        let hidden = !self.cluster.snapshot().has_istio_of(Some(&object.id.namespace));
        let action = action.filter(|_| !hidden);
        // The pair is as old as the gateway: once it is seen to exist, no host waits for it again.
        let proof = proof.filter(|_| hidden || action.is_some());
        (!hidden || proof.is_some()).then_some(Step { role: phase.role, object, action, proof })
    }

    /// What proxies must show.
    pub(super) fn proof(&self, up: Up) -> Option<Expectation> {
        match up {
            Up::Stored => None,
            Up::LeadsToGateway => {
                // As long as there are routes, they decide, and lead to the gateway too.
                let left = rename::leftovers(self.intent, self.wanted, self.cluster);
                let is_routed = left.iter().any(|(role, _)| *role == Role::MeshLeg);
                Some(expect::leads_to_gateway(self.intent, &self.cluster.snapshot().mesh, !is_routed))
            }
            Up::SubsetKnown => expect::subset_known(self.intent, &self.cluster.snapshot().mesh),
            Up::Routes { side, of, where_listening } => {
                let tolerated = match side {
                    Side::Gateway => self.others(),
                    Side::Clients => BTreeMap::new(),
                };
                let routes = &self.part(of)?.resource;
                Some(expect::live(side, self.intent, routes, &tolerated, where_listening))
            }
        }
    }

    fn part(&self, role: Role) -> Option<&Part> {
        self.wanted.iter().find(|part| part.role == role)
    }

    fn has_first_stage(&self, role: Role) -> bool {
        self.dialect.phases.iter().any(|phase| phase.role == role && phase.stage == Stage::First)
    }

    fn first_stage(&self, part: &Part) -> Resource {
        let mut object = part.resource.clone();
        (self.dialect.first_stage)(&mut object, &self.intent.gateway.namespace);
        object
    }

    /// Whether the gateway's entry exists with other ports, and gets the new ones after this phase.
    fn widens_after(&self, place: usize) -> bool {
        let entry = self.dialect.upstream_entry;
        let mut later = self.dialect.phases.iter().skip(place + 1);
        let is_later = later.any(|phase| phase.role == entry && phase.stage == Stage::Whole);
        let widens = |part: &Part| {
            let found = self.cluster.find(&part.resource.id);
            found.is_some_and(|live| ports(live) != ports(&part.resource))
        };
        is_later && self.part(entry).is_some_and(widens)
    }

    /// Clusters to which other namespaces' gateway legs for this host lead, and whose they are: the gateway joins the routes
    /// of one host, and the oldest rule serves all. One that does not lead to the upstream of its own namespace is no egress
    /// of the host, whatever it says of itself. None where the egress has no name of its own at the gateway.
    fn others(&self) -> BTreeMap<String, String> {
        let Self { intent, dialect, cluster, .. } = self;
        if dialect.upstream == Upstream::Host {
            return BTreeMap::new();
        }
        let upstream_of = |namespace: &str| names::upstream_host(intent.host.as_str(), namespace);
        let of_upstream = |cluster: &String, namespace: &str| {
            port_and_host(cluster).is_some_and(|(_, host)| host == upstream_of(namespace))
        };
        cluster
            .virtual_services(intent.host.as_str())
            .into_iter()
            .filter(|resource| metadata::is_ours(resource) && resource.id.namespace != intent.namespace)
            .filter(|resource| metadata::role(resource) == Some(dialect.gateway_routes))
            .filter(|resource| metadata::host(resource) == Some(intent.host.as_str()))
            .flat_map(|leg| {
                expect::gateway_clusters(leg).into_iter().map(|cluster| (cluster, &leg.id.namespace))
            })
            .filter(|(cluster, namespace)| of_upstream(cluster, namespace))
            .map(|(cluster, namespace)| (cluster, namespace.clone()))
            .collect()
    }
}

fn ports(entry: &Resource) -> Option<Vec<i64>> {
    let ports = entry.service_entry()?.ports.as_ref()?;
    Some(ports.iter().map(|port| port.number).collect())
}
