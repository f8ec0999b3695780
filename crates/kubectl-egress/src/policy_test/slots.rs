//! The objects that a policy is asked to name for a request, with the names they have otherwise.
//!
//! As `add` makes them through the stock gateway. A case has no cluster that could say otherwise.

use std::collections::BTreeSet;

use egress_core::host::Host;
use egress_core::names;
use egress_core::policy::request::{Request, Slot};
use egress_core::policy::slots::SUBSET;
use egress_core::role::{Kind, Role};
use egress_core::snapshot::GatewayFacts;

/// The roles of each layout's objects, in the order of writing.
const SHARED: [Role; 4] = [Role::Upstream, Role::GatewayLeg, Role::MeshLeg, Role::Client];
const DOCUMENTED: [Role; 4] = [Role::Gateway, Role::DestinationRule, Role::MeshLeg, Role::Client];

/// One slot for each object of the layout: those of the gateway, then host by host.
pub fn slots(request: &Request) -> Vec<Slot> {
    let is_documented = request.layout == "documented";
    let mut slots = Vec::new();
    if !is_documented {
        let gateway = GatewayFacts::stock().name;
        for role in [Role::SharedGateway, Role::SharedDestinationRule] {
            let name = names::shared_pair(&gateway.service);
            slots.push(slot(role, None, &gateway.namespace, name));
        }
    }
    let hosts: BTreeSet<&str> =
        request.destinations.iter().map(|destination| destination.host.as_str()).collect();
    for host in hosts {
        let base = Host::parse(host).map_or_else(|_| host.replace('.', "-"), |host| names::base(&host));
        let of_host = |role: Role| slot(role, Some(host), &request.namespace, names::object(&base, role));
        slots.extend(if is_documented { DOCUMENTED } else { SHARED }.map(of_host));
        if is_documented {
            let subset = of_host(Role::DestinationRule);
            slots.push(Slot {
                kind: SUBSET.to_owned(),
                default_name: base.clone(),
                max_length: 63,
                ..subset
            });
        }
    }
    for (id, slot) in (0..).zip(&mut slots) {
        slot.id = id;
    }
    slots
}

/// The word that a case uses for a slot, where one host has it alone.
pub fn word(slot: &Slot) -> &str {
    if slot.kind == SUBSET { "subset" } else { &slot.role }
}

/// Whether a case means this slot: by its role, or by `HOST/ROLE` where several hosts have one.
pub fn is_called(slot: &Slot, called: &str) -> bool {
    match called.split_once('/') {
        Some((host, role)) => slot.host.as_deref() == Some(host) && word(slot) == role,
        None => word(slot) == called,
    }
}

fn slot(role: Role, host: Option<&str>, namespace: &str, default_name: String) -> Slot {
    Slot {
        id: 0,
        kind: role.kind().to_string(),
        role: role.word().to_owned(),
        host: host.map(str::to_owned),
        namespace: namespace.to_owned(),
        default_name,
        max_length: if role.kind() == Kind::Gateway { 63 } else { 253 },
    }
}
