//! The objects of one egress as places to be named, and the names that were chosen back on the objects.
//!
//! Knows which part is which place. What a valid name is, is decided in `naming`.

use std::collections::BTreeMap;

use super::answer::Name;
use super::request::{Request, Slot};
use super::request_builder;
use egress_core::dialect::Subset;
use egress_core::dialect::metadata_patch::MetadataPatch;
use egress_core::dialect::{self, Part};
use egress_core::intent::Intent;
use egress_core::metadata::Record;
use egress_core::names::ChosenNames;
use egress_core::resource::ObjectId;
use egress_core::role::{Kind, Role};
use egress_core::snapshot::{GatewayFacts, MeshFacts};

/// The kind of the slot that names the subset inside a DestinationRule.
pub const SUBSET: &str = "Subset";

/// A Gateway's name becomes a part of a host name; a subset's name a part of a cluster name.
const LABEL: u32 = 63;
/// What the API server takes as the name of any other object.
const SUBDOMAIN: u32 = 253;

/// What is to be named: each part, and the subset where the layout has one of its own.
pub fn slots(record: &Record, parts: &[Part]) -> Vec<Slot> {
    let intent = &record.intent;
    let mut slots: Vec<Slot> = parts.iter().map(|part| slot(intent, part.role, &part.resource.id)).collect();
    if intent.layout.dialect().subset == Subset::OfHost {
        slots.push(Slot {
            id: 0,
            kind: SUBSET.to_owned(),
            role: Role::DestinationRule.word().to_owned(),
            host: Some(intent.host.to_string()),
            namespace: intent.namespace.clone(),
            default_name: ChosenNames::default().subset(intent),
            max_length: LABEL,
        });
    }
    numbered(slots)
}

fn numbered(slots: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    (0..).zip(slots).map(|(id, slot)| Slot { id, ..slot }).collect()
}

/// What is to be named of a request with any number of hosts, as `add` makes it through this gateway where nothing exists
/// yet: the gateway's own objects once, then host by host. A host that `add` would refuse has none.
pub fn of_request(request: &Request, gateway: &GatewayFacts) -> Vec<Slot> {
    let (mut of_gateway, mut of_hosts): (Vec<Slot>, Vec<Slot>) = Default::default();
    for intent in request_builder::intents(request, &gateway.name) {
        let record = Record { intent, names: ChosenNames::default(), added_at: None, added_by: None };
        let parts = dialect::build(&record, gateway, &MeshFacts::default()).unwrap_or_default();
        let slots = if parts.is_empty() { Vec::new() } else { slots(&record, &parts) };
        let (host, pair): (Vec<Slot>, Vec<Slot>) = slots.into_iter().partition(|slot| slot.host.is_some());
        of_hosts.extend(host);
        of_gateway = if pair.is_empty() { of_gateway } else { pair };
    }
    numbered(of_gateway.into_iter().chain(of_hosts))
}

/// The answer, put into the shapes that objects are made with.
pub fn chosen(intent: &Intent, slots: &[Slot], answer: &BTreeMap<u32, Name>) -> (ChosenNames, MetadataPatch) {
    let (mut names, mut dress) = (ChosenNames::default(), MetadataPatch::default());
    for slot in slots {
        let Some(name) = answer.get(&slot.id) else { continue };
        if slot.kind == SUBSET {
            names.choose_subset(intent, &name.name);
            continue;
        }
        let Some(role) = Role::ALL.into_iter().find(|role| role.word() == slot.role) else { continue };
        names.choose(intent, role, &name.name);
        dress.labels.insert(role, name.labels.clone());
        dress.annotations.insert(role, name.annotations.clone());
    }
    (names, dress)
}

fn slot(intent: &Intent, role: Role, id: &ObjectId) -> Slot {
    let pair = role.is_of_pair();
    Slot {
        id: 0,
        kind: id.kind.to_string(),
        role: role.word().to_owned(),
        host: (!pair).then(|| intent.host.to_string()),
        namespace: id.namespace.clone(),
        default_name: ChosenNames::default().object(intent, role),
        max_length: if id.kind == Kind::Gateway { LABEL } else { SUBDOMAIN },
    }
}
