//! What a policy is, as traits: one for what it says of itself, one for each question.
//!
//! Values in, values out: nothing here knows that a policy may be a component.

use alloc::vec::Vec;

use serde::de::DeserializeOwned;

use crate::{Failure, Finding, Names, Pin, Request, Slot, Verdict};

/// Who a policy is and what it needs. Every policy says it.
pub trait Policy {
    /// Its settings, as they stand in the configuration file. Without settings they are read from `{}`.
    type Settings: DeserializeOwned;

    /// Kebab-case; what findings, lock files and annotations call the policy.
    const ID: &'static str;
    /// Semver of the policy itself, such as `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// One line.
    const TITLE: &'static str;
    /// Every code a finding of this policy may carry.
    const RULES: &'static [Rule];
    /// Where to read more.
    const DOCS: Option<&'static str> = None;
    /// What it wants to be told beside the request.
    const NEEDS: &'static [Need] = &[];
    /// What it judges. A policy that does not name [`Verb::Remove`] is never asked about removals.
    const VERBS: &'static [Verb] = &[Verb::Add];
    /// JSON Schema (2020-12) of the settings, such as `Some(include_str!("../settings.schema.json"))`.
    const SETTINGS_SCHEMA: Option<&'static str> = None;

    /// What is wrong with settings that could be read: a name that is not in a list, a number that is too large.
    fn check_settings(_settings: &Self::Settings) -> Vec<Finding> {
        Vec::new()
    }
}

/// Which hosts may be reached.
pub trait HostPolicy: Policy {
    /// Answers for each destination it has an opinion on. An error is a policy that could not decide: a refusal.
    fn decide(request: &Request, settings: &Self::Settings) -> Result<Verdict, Failure>;
}

/// What the objects are called.
pub trait NamingPolicy: Policy {
    /// Names the slots it wants to name; the others keep their default names.
    fn name_objects(request: &Request, slots: &[Slot], settings: &Self::Settings) -> Result<Names, Failure>;
}

/// On which nodes the traffic may leave.
pub trait PinningPolicy: Policy {
    /// Says what the nodes of the gateway must be like.
    fn pin_gateway(request: &Request, settings: &Self::Settings) -> Result<Pin, Failure>;
}

/// One code and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable and kebab-case.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Where to read more.
    pub docs: Option<&'static str>,
}

/// A fact that is sent only to a policy that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The labels of the callers' namespace.
    NamespaceLabels,
    /// The nodes, with their labels.
    Nodes,
    /// The egresses that exist.
    Existing,
    /// Who the API server says the user is.
    User,
    /// The groups the API server says the user is in.
    Groups,
    /// The time.
    Now,
}

/// What a policy judges. What exists is audited as if it were added today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Something is added.
    Add,
    /// Something is removed.
    Remove,
}

impl Rule {
    /// A rule without a page of its own.
    pub const fn new(code: &'static str, title: &'static str) -> Self {
        Rule { code, title, docs: None }
    }

    /// The rule with a page of its own.
    #[must_use]
    pub const fn docs(self, docs: &'static str) -> Self {
        Rule { docs: Some(docs), ..self }
    }
}

impl Need {
    /// The word in a descriptor, such as `namespace-labels`.
    pub const fn word(self) -> &'static str {
        match self {
            Need::NamespaceLabels => "namespace-labels",
            Need::Nodes => "nodes",
            Need::Existing => "existing",
            Need::User => "user",
            Need::Groups => "groups",
            Need::Now => "now",
        }
    }
}

impl Verb {
    /// The word in a descriptor and in a request.
    pub const fn word(self) -> &'static str {
        match self {
            Verb::Add => "add",
            Verb::Remove => "remove",
        }
    }
}
