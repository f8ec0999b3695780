//! The built-in policy `rules`: hosts, names, nodes and the hop as plain settings, for whoever needs no module.
//!
//! Knows its settings and what they answer. It is asked like any other policy, on the same types.

pub mod glob;
mod hosts;
mod names;
mod settings;
mod template;

use std::collections::BTreeSet;

use self::settings::Settings;
use super::answer::{Finding, Names, Pin, PinAnswer, Severity, Verdict};
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
        title: "Hosts, names, nodes and the hop by plain settings".to_owned(),
        settings_schema: Some(SETTINGS_SCHEMA.to_owned()),
        rules: vec![
            rule(hosts::DENIED, "The host is in the list `deny`"),
            rule(hosts::NOT_ALLOWED, "The host is not in the list `allow`"),
        ],
        ..Descriptor::default()
    }
}

/// A finding without evidence.
fn finding(code: &str, severity: Severity, message: String, path: String) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        message,
        path: Some(path),
        remediation: None,
        docs: None,
        evidence: std::collections::BTreeMap::new(),
    }
}
