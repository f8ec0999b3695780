//! The built-in policy `rules`: hosts, names, nodes and the hop as plain settings, for whoever needs no module.
//!
//! Knows its settings and what they answer. It is asked like any other policy, on the same types.

pub mod glob;
mod hosts;
mod names;
mod settings;
mod template;

use std::collections::BTreeSet;

use self::glob::HostGlob;
use self::settings::{Others, Settings};
use super::answer::{Finding, Names, Pin, PinAnswer, Verdict};
use super::descriptor::{Descriptor, Hook, Rule};
use super::request::{Request, Slot};
use super::{Policy, Reply};

/// The version of the rules: it changes when the same settings come to answer otherwise.
pub const VERSION: &str = "0.1.0";

/// What the settings may hold, as JSON Schema.
pub const SETTINGS_SCHEMA: &str = include_str!("rules/settings.schema.json");

/// The rules with their settings.
#[derive(Clone, Debug)]
pub struct Rules {
    descriptor: Descriptor,
    hooks: BTreeSet<Hook>,
    settings: Settings,
}

impl Rules {
    /// Reads settings, given as JSON. Which questions are answered depends on them.
    ///
    /// # Errors
    /// Every finding says where the settings are wrong.
    pub fn new(settings: &str) -> Result<Rules, Vec<Finding>> {
        let settings = settings::parse(settings)?;
        Ok(Rules { descriptor: descriptor(), hooks: settings.hooks(), settings })
    }

    /// What they say, as lists: for whoever says the same in another language.
    pub(crate) fn lists(&self) -> Lists<'_> {
        let Settings { allow, deny, others, namespaces, hop, names, labels, annotations, pin } =
            &self.settings;
        Lists {
            allow: allow.as_deref(),
            denies_others: allow.is_some() && *others == Others::Deny,
            deny,
            namespaces,
            hop: hop.as_deref(),
            names: names.is_some(),
            labels: !labels.is_empty() || !annotations.is_empty(),
            pin: pin.is_some(),
        }
    }

    /// Whether they are about callers in this namespace.
    pub(crate) fn concerns(&self, namespace: &str) -> bool {
        self.settings.concerns(namespace)
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is one field of the settings")]
/// What rules say. Every field of the settings is here: a new one does not compile until somebody has thought of it.
pub(crate) struct Lists<'a> {
    /// What may be reached; `None`: not said.
    pub(crate) allow: Option<&'a [HostGlob]>,
    /// What is in no list is denied.
    pub(crate) denies_others: bool,
    /// What may not.
    pub(crate) deny: &'a [HostGlob],
    /// Globs of the callers' namespaces; empty: all.
    pub(crate) namespaces: &'a [String],
    /// How HTTP must travel.
    pub(crate) hop: Option<&'a str>,
    /// Whether they name objects.
    pub(crate) names: bool,
    /// Whether they put labels or annotations on objects.
    pub(crate) labels: bool,
    /// Whether they say where traffic may leave.
    pub(crate) pin: bool,
}

impl Policy for Rules {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.hooks
    }

    fn check_settings(&self, settings: &str) -> Reply<Vec<Finding>> {
        Reply::of(match settings::parse(settings) {
            Ok(settings) => settings.advice(),
            Err(findings) => findings,
        })
    }

    fn decide(&self, request: &Request) -> Reply<Verdict> {
        Reply::of(if self.settings.concerns(&request.namespace) {
            hosts::decide(&self.settings, request)
        } else {
            Verdict::default()
        })
    }

    fn name_objects(&self, request: &Request, slots: &[Slot]) -> Reply<Names> {
        Reply::of(if self.settings.concerns(&request.namespace) {
            names::name_objects(&self.settings, request, slots)
        } else {
            Names::default()
        })
    }

    fn pin_gateway(&self, request: &Request) -> Reply<Pin> {
        let placement = self.settings.pin.clone().filter(|_| self.settings.concerns(&request.namespace));
        Reply::of(Pin { answer: placement.map_or(PinAnswer::Abstain, PinAnswer::Place), ..Pin::default() })
    }
}

fn descriptor() -> Descriptor {
    let rule = |code: &str, title: &str| Rule { code: code.to_owned(), title: title.to_owned(), docs: None };
    Descriptor {
        id: "rules".to_owned(),
        version: VERSION.to_owned(),
        title: "Hosts, names, nodes and the hop as plain settings".to_owned(),
        settings_schema: Some(SETTINGS_SCHEMA.to_owned()),
        rules: vec![
            rule(hosts::DENIED, "The host is in the list `deny`"),
            rule(hosts::NOT_ALLOWED, "The host is not in the list `allow`"),
        ],
        ..Descriptor::default()
    }
}
