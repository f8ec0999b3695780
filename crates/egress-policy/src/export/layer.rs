//! The policies of one configuration as far as hosts go: what both the CEL and its twin in Rust are made from.
//!
//! Knows which policy answers about hosts, and what happens where none says anything.

use std::collections::BTreeSet;

use super::source::{ExportError, ExportSource};
use super::twin::PASSTHROUGH;
use crate::Policy as _;
use crate::config::{PolicyEntry, Source as Origin};
use crate::descriptor::Hook;
use crate::layer::Effect;
use crate::rules::Rules;

/// The policies about hosts, and the mesh they are for.
#[derive(Clone, Debug)]
pub struct ExportedLayer {
    /// Every `rules` that is asked about hosts.
    pub(super) policies: Vec<ExportedRules>,
    /// What no policy allows is denied, and no module may allow it either.
    pub(super) is_closed: bool,
    /// The mesh's root namespace.
    pub(super) root_namespace: Option<String>,
    /// Namespaces of egress gateways.
    pub(super) gateway_namespaces: BTreeSet<String>,
}

/// One policy `rules`.
#[derive(Clone, Debug)]
pub(super) struct ExportedRules {
    /// Its name in the configuration.
    pub(super) name: String,
    /// What the configuration adds to each of its denials.
    pub(super) on_deny: Option<String>,
    /// Its rules.
    pub(super) rules: Rules,
}

impl ExportedLayer {
    /// Reads the settings of every policy of the configuration.
    ///
    /// # Errors
    /// [`ExportError::Settings`].
    pub fn read(source: &ExportSource<'_>) -> Result<Self, ExportError> {
        let mut policies = Vec::new();
        for entry in source.set.policies.iter().filter(|entry| entry.source == Origin::Builtin) {
            let rules = Rules::new(&entry.settings)
                .map_err(|findings| ExportError::Settings { policy: entry.name.clone(), findings })?;
            if answers(entry, Hook::Hosts) && rules.hooks().contains(&Hook::Hosts) {
                policies.push(ExportedRules {
                    name: entry.name.clone(),
                    on_deny: entry.on_deny.clone(),
                    rules,
                });
            }
        }
        let may_be_allowed_by_a_module = modules(source).any(|entry| answers(entry, Hook::Hosts));
        // As `MergedConfig::with_policies` decides: a cluster with a policy about hosts that says nothing else means deny.
        let denies = match source.set.default {
            Some(effect) => effect == Effect::Deny,
            None => !policies.is_empty(),
        };
        Ok(ExportedLayer {
            policies,
            is_closed: denies && !may_be_allowed_by_a_module,
            root_namespace: source.root_namespace.map(str::to_owned),
            gateway_namespaces: source.gateway_namespaces.clone(),
        })
    }

    /// Whether there is a host that it refuses.
    pub(super) fn refuses_anything(&self) -> bool {
        let refuses = |policy: &ExportedRules| {
            let lists = policy.rules.lists();
            lists.denies_others || !lists.deny.is_empty() || lists.hop == Some(PASSTHROUGH)
        };
        self.is_closed || self.policies.iter().any(refuses)
    }
}

/// The policies that are modules.
pub(super) fn modules<'a>(source: &ExportSource<'a>) -> impl Iterator<Item = &'a PolicyEntry> {
    source.set.policies.iter().filter(|entry| entry.source != Origin::Builtin)
}

/// Whether a policy may be asked this: a module that the configuration does not narrow may answer anything.
pub(super) fn answers(entry: &PolicyEntry, hook: Hook) -> bool {
    entry.hooks.as_ref().is_none_or(|hooks| hooks.contains(&hook))
}
