//! Whether calls of the requested hosts leave through the chosen gateway once everything is written.
//!
//! Knows what a request wants of a call. Who is to blame where it does not come about is found in [`blame`](super::blame).

use super::after::ObjectsAfter;
use super::callers::CallingPods;
use super::knowable::is_known;
use super::target_call::{Spoken, TargetCall};
use super::{CheckedCalls, blame};
use crate::callers::callers;
use crate::dialect::Part;
use crate::intent::Intent;
use crate::istio::call::{End, Passage};
use crate::istio::simulation::{Simulation, World};
use crate::port::Port;
use crate::related_resources::RelatedResources;
use crate::snapshot::{GatewayFacts, Snapshot};

/// So many caller namespaces of one request are tried: further ones see the same objects.
const MOST_NAMESPACES: usize = 16;
/// So many calls are tried for one command with many hosts.
const MOST_CALLS: usize = 1000;

pub(super) fn check(
    snapshot: &Snapshot,
    related: &RelatedResources,
    wanted: &[(&Intent, &[Part])],
    after: &ObjectsAfter<'_>,
    pods: &CallingPods<'_>,
) -> CheckedCalls {
    let all = after.objects.all();
    let world = World::with(snapshot, related, &all, &[]);
    let simulation = Simulation::new(&world);
    let mut checked = CheckedCalls::default();
    for (intent, parts) in wanted {
        let Some(gateway) = snapshot.gateway(&intent.gateway) else { continue };
        let namespaces = callers(&intent.export_to, &intent.namespace, snapshot);
        let known = namespaces.iter().filter_map(|namespace| Some((namespace, pods.known(namespace)?)));
        for (namespace, caller) in known.take(MOST_NAMESPACES) {
            for port in &intent.ports {
                if checked.simulated >= MOST_CALLS {
                    return checked;
                }
                let wanted = WantedCall { intent, parts, gateway, port: *port, namespace, caller: &caller };
                let call = wanted.target().by(&caller);
                let found = simulation.passages(&call);
                if !is_known(&found) {
                    continue;
                }
                checked.simulated += 1;
                if let Some(wrong) = found.iter().find(|passage| !wanted.is_fulfilled_by(passage)) {
                    checked.refusals.push(blame::of_detour(
                        &wanted,
                        wrong,
                        &simulation,
                        snapshot,
                        related,
                        after,
                    ));
                }
            }
        }
    }
    checked
}

/// A call that must leave through a gateway.
pub(super) struct WantedCall<'a> {
    pub(super) intent: &'a Intent,
    pub(super) parts: &'a [Part],
    pub(super) gateway: &'a GatewayFacts,
    pub(super) port: Port,
    /// The namespace of the caller.
    pub(super) namespace: &'a str,
    /// The calling pod: `namespace/name`.
    pub(super) caller: &'a str,
}

impl WantedCall<'_> {
    /// What is called.
    pub(super) fn target(&self) -> TargetCall {
        TargetCall {
            host: self.intent.host.to_string(),
            port: self.port.number,
            kind: Spoken::of(self.port.protocol),
            address: None,
        }
    }

    /// Whether this way leads through the gateway's pods to the host.
    pub(super) fn is_fulfilled_by(&self, passage: &Passage) -> bool {
        let last = passage.hops.last().map(|hop| hop.proxy.as_str());
        let is_gateway = self
            .gateway
            .pods
            .iter()
            .any(|pod| last.and_then(|last| last.split_once('/')) == Some((&pod.namespace, &pod.name)));
        let reaches = |to: &str, port: u16| {
            to.eq_ignore_ascii_case(self.intent.host.as_str()) && port == self.port.number
        };
        is_gateway && matches!(&passage.end, End::Leaves { to, port } if reaches(to, *port))
    }
}
