//! Whether calls of the requested hosts leave through the chosen gateway once everything is written.
//!
//! Knows what a request wants of a call. Who is to blame where it does not come about is found in [`blame`](super::blame).

use std::net::IpAddr;

use super::after::ObjectsAfter;
use super::blame::{self, Surroundings};
use super::callers::CallingPods;
use super::knowable::is_known;
use super::overlapping::first_address;
use super::question::{CheckedCalls, MOST_REFUSALS};
use super::wanted_call::WantedCall;
use crate::callers::callers;
use crate::dialect::Part;
use crate::index::Index;
use crate::intent::Intent;
use crate::istio::call::{End, Refusal};
use crate::istio::gateway_api::MadeObjects;
use crate::istio::simulation::{Simulation, World};
use crate::related_resources::RelatedResources;
use crate::resource::Resource;

/// So many caller namespaces of one request are tried: further ones see the same objects.
const MOST_NAMESPACES: usize = 16;
/// So many addresses of one host are tried.
const MOST_ADDRESSES: usize = 4;
/// So many calls are tried for one command with many hosts.
const MOST_CALLS: usize = 1000;

pub(super) fn check(
    index: &Index<'_>,
    related: &RelatedResources,
    wanted: &[(&Intent, &[Part])],
    after: &ObjectsAfter<'_>,
    pods: &CallingPods<'_>,
) -> CheckedCalls {
    let snapshot = index.snapshot();
    let all = after.objects.all();
    let made = MadeObjects::with(snapshot, related, all.iter().copied());
    let all: Vec<&Resource> = all.into_iter().chain(made.objects()).collect();
    let world = World::with(snapshot, related, &made, &all, &[]);
    let simulation = Simulation::new(&world);
    let mut checked = CheckedCalls::default();
    for (intent, parts) in wanted {
        let Some(gateway) = snapshot.gateway(&intent.gateway) else { continue };
        let namespaces = callers(&intent.export_to, &intent.namespace, snapshot);
        let known = namespaces.iter().filter_map(|namespace| Some((namespace, pods.known(namespace)?)));
        for (namespace, caller) in known.take(MOST_NAMESPACES) {
            let addresses = addresses(index, intent.host.as_str());
            let tried =
                intent.ports.iter().flat_map(|port| addresses.iter().map(move |address| (port, address)));
            for (port, address) in tried {
                if checked.simulated >= MOST_CALLS || checked.refusals.len() >= MOST_REFUSALS {
                    return checked;
                }
                let (port, address) = (*port, *address);
                let wanted = WantedCall { intent, parts, gateway, port, namespace, caller: &caller, address };
                let call = wanted.target().by(&caller);
                let found = simulation.passages(&call);
                if checked.open.is_none() && found.iter().any(|passage| passage.end == End::Undecided) {
                    checked.open = Some(wanted.target().words(namespace));
                }
                if !is_known(&found) {
                    continue;
                }
                checked.simulated += 1;
                // An account that may call is enough: the command does not name the pods that shall call.
                let is_refused = |caller: String| {
                    let found = simulation.passages(&wanted.target().by(&caller));
                    found.iter().any(|passage| passage.end == End::Refused(Refusal::ByPolicy))
                };
                let by_policy = found.iter().any(|passage| passage.end == End::Refused(Refusal::ByPolicy));
                if by_policy && !pods.of_each_account(namespace).all(is_refused) {
                    continue;
                }
                if let Some(wrong) = found.iter().find(|passage| !wanted.is_fulfilled_by(passage)) {
                    let facts =
                        Surroundings { simulation: &simulation, snapshot, related, made: &made, after };
                    checked.refusals.push(blame::of_detour(&wanted, wrong, &facts));
                }
            }
        }
    }
    checked
}

/// Where the host may be: at an address that no object names, and at those that entries for it, or for a wildcard over it, name.
fn addresses(index: &Index<'_>, host: &str) -> Vec<Option<IpAddr>> {
    let entries = index.service_entries(host);
    let specs = entries.iter().filter_map(|entry| entry.service_entry());
    let all = specs.flat_map(|spec| spec.addresses.iter().flatten()).filter_map(|text| first_address(text));
    let mut found: Vec<Option<IpAddr>> = Vec::from([None]);
    for address in all.map(Some) {
        if found.len() < MOST_ADDRESSES && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}
