//! What the settings call the objects of a host. The pair that serves every host keeps its names.

use super::settings::Settings;
use crate::names;
use crate::policy::answer::{Name, Names, Step};
use crate::policy::request::{Request, Slot};
use crate::policy::settings::hex;
use crate::role::Role;

pub(super) fn name_objects(settings: &Settings, request: &Request, slots: &[Slot]) -> Names {
    // A subset's name is known in its DestinationRule alone, and no object has it.
    let ours = slots.iter().filter(|slot| slot.kind != "Subset");
    let answers = ours.filter_map(|slot| {
        let host = slot.host.as_deref()?;
        let name = match &settings.names {
            None => slot.default_name.clone(),
            Some(template) => {
                let name = template.fill(host, &request.namespace, slot);
                let name = if template.has_role() { name } else { with_suffix(&name, &slot.role) };
                cut(name, slot)
            }
        };
        Some(Name {
            slot: slot.id,
            name,
            namespace: None,
            labels: settings.labels.clone(),
            annotations: settings.annotations.clone(),
        })
    });
    let names: Vec<Name> = answers.collect();
    let trace = match &settings.names {
        Some(template) if request.explain => vec![Step {
            rule: "names".to_owned(),
            outcome: "named".to_owned(),
            detail: format!("{} of {} objects by `{template}`", names.len(), slots.len()),
        }],
        _ => Vec::new(),
    };
    Names { names, findings: Vec::new(), trace }
}

/// The template names the host; two objects of one kind are told apart as they are without a policy.
fn with_suffix(name: &str, role: &str) -> String {
    match Role::ALL.into_iter().find(|known| known.word() == role) {
        Some(role) => names::object(name, role),
        None => format!("{name}-{role}"),
    }
}

/// A name that is too long ends in a hash of the whole, so that no two become one.
fn cut(name: String, slot: &Slot) -> String {
    const TAIL: usize = 9;
    let longest = usize::try_from(slot.max_length).unwrap_or(usize::MAX);
    if name.len() <= longest {
        return name;
    }
    let kept: String = name.chars().take(longest.saturating_sub(TAIL)).collect();
    format!("{}-{}", kept.trim_end_matches(['-', '.']), hex(name.as_bytes(), TAIL - 1))
}
