//! The objects of one egress as places to be named, and the names that were chosen back on the objects.
//!
//! Knows which part is which place. What a valid name is, is decided in `naming`.

use std::collections::BTreeMap;

use super::answer::Name;
use super::request::Slot;
use crate::intent::{Intent, Layout};
use crate::metadata::Record;
use crate::names::Names;
use crate::resource::ObjectId;
use crate::role::{Kind, Role};
use crate::shape::Part;
use crate::shape::dress::Dress;

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
    if intent.layout == Layout::Documented {
        slots.push(Slot {
            id: 0,
            kind: SUBSET.to_owned(),
            role: Role::DestinationRule.word().to_owned(),
            host: Some(intent.host.to_string()),
            namespace: intent.namespace.clone(),
            default_name: Names::default().subset(intent),
            max_length: LABEL,
        });
    }
    for (id, slot) in (0..).zip(&mut slots) {
        slot.id = id;
    }
    slots
}

/// The answer, put into the shapes that objects are made with.
pub fn chosen(intent: &Intent, slots: &[Slot], answer: &BTreeMap<u32, Name>) -> (Names, Dress) {
    let (mut names, mut dress) = (Names::default(), Dress::default());
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
    let pair = matches!(role, Role::SharedGateway | Role::SharedDestinationRule);
    Slot {
        id: 0,
        kind: id.kind.to_string(),
        role: role.word().to_owned(),
        host: (!pair).then(|| intent.host.to_string()),
        namespace: id.namespace.clone(),
        default_name: Names::default().object(intent, role),
        max_length: if id.kind == Kind::Gateway { LABEL } else { SUBDOMAIN },
    }
}
