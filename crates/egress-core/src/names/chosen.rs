//! What the objects of one egress are called: the names of our own rules, or those that a policy chose.
//!
//! Knows which name goes where and how the choice is kept with the objects. Whether a name is valid was checked before.

use std::collections::BTreeMap;

use super::{object, shared_pair};
use crate::intent::Intent;
use crate::role::Role;

/// The word for the subset of a documented DestinationRule, beside the words of roles.
const SUBSET: &str = "subset";

/// The names a policy chose; everything else has its default name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenNames {
    objects: BTreeMap<Role, String>,
    subset: Option<String>,
}

impl ChosenNames {
    /// The name of the object that plays a part for this request.
    pub fn object(&self, intent: &Intent, role: Role) -> String {
        self.objects.get(&role).cloned().unwrap_or_else(|| default_object(intent, role))
    }

    /// The name of the subset in the DestinationRule of the documented layout.
    pub fn subset(&self, intent: &Intent) -> String {
        self.subset.clone().unwrap_or_else(|| intent.base_name())
    }

    /// Names the object that plays a part.
    pub fn choose(&mut self, intent: &Intent, role: Role, name: &str) {
        if name == default_object(intent, role) {
            self.objects.remove(&role);
        } else {
            self.objects.insert(role, name.to_owned());
        }
    }

    /// Names the subset.
    pub fn choose_subset(&mut self, intent: &Intent, name: &str) {
        self.subset = (name != intent.base_name()).then(|| name.to_owned());
    }

    /// Whether nothing was chosen.
    pub fn is_default(&self) -> bool {
        self.objects.is_empty() && self.subset.is_none()
    }

    /// The choice as an annotation: `client=cnn,subset=cnn`.
    pub fn to_text(&self) -> String {
        let objects = self.objects.iter().map(|(role, name)| format!("{}={name}", role.word()));
        let subset = self.subset.iter().map(|name| format!("{SUBSET}={name}"));
        objects.chain(subset).collect::<Vec<_>>().join(",")
    }

    /// Reads the choice back; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = ChosenNames::default();
        for pair in text.split(',') {
            let (word, name) = pair.split_once('=').filter(|(_, name)| !name.is_empty())?;
            let name = name.to_owned();
            if word == SUBSET {
                names.subset = Some(name);
            } else {
                names.objects.insert(Role::ALL.into_iter().find(|role| role.word() == word)?, name);
            }
        }
        Some(names)
    }
}

fn default_object(intent: &Intent, role: Role) -> String {
    match role {
        Role::SharedGateway | Role::SharedDestinationRule => shared_pair(&intent.gateway.service),
        role => object(&intent.base_name(), role),
    }
}
