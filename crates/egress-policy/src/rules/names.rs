//! What the settings call the objects of a host. The pair that serves every host keeps its names.

use super::settings::Settings;
use crate::answer::{Name, Names, Step};
use crate::request::{Request, Slot};
use egress_core::digest::short_sha256;
use egress_core::names;
use egress_core::role::Role;

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
    format!("{}-{}", kept.trim_end_matches(['-', '.']), short_sha256(name, TAIL - 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use egress_core::intent::is_label;

    fn slot(role: Role, max_length: u32) -> Slot {
        Slot {
            id: 0,
            kind: role.kind().to_string(),
            role: role.word().to_owned(),
            host: None,
            namespace: "shop".to_owned(),
            default_name: "x".to_owned(),
            max_length,
        }
    }

    fn settings(template: &str) -> Settings {
        Settings { names: Some(template.parse().unwrap()), ..Settings::default() }
    }

    fn name(settings: &Settings, host: &str, mut slot: Slot) -> String {
        slot.host = Some(host.to_owned());
        let request = Request { namespace: "shop".to_owned(), ..Request::default() };
        name_objects(settings, &request, &[slot]).names.pop().unwrap().name
    }

    #[test]
    fn the_objects_of_a_host_are_told_apart_as_they_are_without_a_policy() {
        let settings = settings("eg-{host-slug}");
        assert_eq!(name(&settings, "api.acme.com", slot(Role::Upstream, 253)), "eg-api-acme-com-upstream");
        assert_eq!(name(&settings, "api.acme.com", slot(Role::MeshLeg, 253)), "eg-api-acme-com");
    }

    proptest! {
        #[test]
        fn every_name_is_valid_and_no_two_hosts_share_one(
            hosts in proptest::collection::btree_set(r"(\*\.)?[a-z0-9]{1,30}(-[a-z0-9]{1,20})?(\.[a-z0-9]{1,20}){1,5}", 1..6),
            longest in 20_u32..64,
        ) {
            let settings = settings("eg-{namespace}-{short}-{hash8}");
            let names: BTreeSet<String> =
                hosts.iter().map(|host| name(&settings, host, slot(Role::Gateway, longest))).collect();
            prop_assert_eq!(names.len(), hosts.len());
            for name in names {
                prop_assert!(is_label(&name) && name.len() <= longest as usize, "{}", name);
            }
        }
    }
}
