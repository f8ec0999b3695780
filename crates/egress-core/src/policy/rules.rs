//! The built-in policy `rules`: hosts, names, nodes and the hop as plain settings, for whoever needs no module.
//!
//! Knows its settings and what they answer. It is asked like any other policy, on the same types.

pub mod glob;
mod settings;

use std::collections::BTreeSet;

use super::answer::{Fault, Finding, Names, Pin, Verdict};
use super::descriptor::{Descriptor, Hook};
use super::request::{Request, Slot};
use super::{Policy, Reply};

/// The version of the rules: it changes when the same settings come to answer otherwise.
pub const VERSION: &str = "0.1.0";

/// The rules with their settings.
#[derive(Clone, Debug)]
pub struct Rules {
    descriptor: Descriptor,
    hooks: BTreeSet<Hook>,
}

impl Rules {
    /// Reads settings, given as JSON.
    ///
    /// # Errors
    /// Every finding says where the settings are wrong.
    pub fn new(settings: &str) -> Result<Rules, Vec<Finding>> {
        settings::parse(settings)?;
        let descriptor =
            Descriptor { id: "rules".to_owned(), version: VERSION.to_owned(), ..Descriptor::default() };
        Ok(Rules { descriptor, hooks: BTreeSet::new() })
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
        Reply::of(settings::parse(settings).err().unwrap_or_default())
    }

    fn decide(&self, _request: &Request) -> Reply<Verdict> {
        Reply::fault(Fault::Internal("not written yet".to_owned()))
    }

    fn name_objects(&self, _request: &Request, _slots: &[Slot]) -> Reply<Names> {
        Reply::fault(Fault::Internal("not written yet".to_owned()))
    }

    fn pin_gateway(&self, _request: &Request) -> Reply<Pin> {
        Reply::fault(Fault::Internal("not written yet".to_owned()))
    }
}
