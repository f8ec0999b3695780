//! Rules that the API server itself holds: policies in CEL with their bindings, as values.
//!
//! Knows how a policy becomes the objects ValidatingAdmissionPolicy and ValidatingAdmissionPolicyBinding, how it is tried
//! before anybody is bound by it, and how far what stands in a cluster is what it should be. What a rule says is in the
//! modules below. Knows nothing of how objects are written.
//!
//! Three facts of Kubernetes 1.36 shape it. Lists are literals in the policy and never a ConfigMap as parameter: after a
//! binding was deleted once, the server no longer finds its parameters (kubernetes#130887). A binding without its policy
//! lets everything through, so a policy is written before its binding and deleted after it. For custom resources the
//! server does not check the types of an expression: only a trial shows a misspelt field.

mod cel;
pub mod exported;
pub mod guard;
mod objects;
mod standing;
mod trial;

pub use cel::{list, map, text};
pub use standing::{BindingState, PolicyState, SetState, Standing};
pub use trial::Trial;

use std::collections::BTreeMap;

use crate::digest::short_sha256;

/// On a policy and its binding: which set of policies they belong to.
pub const SET: &str = "kubectl-egress.github.io/admission";
/// On a policy: a digest of what it says, so that an older one is told from today's.
pub const DIGEST: &str = "kubectl-egress.github.io/digest";
/// On the request of a trial, and in the selector of its binding.
pub const TRIAL: &str = "kubectl-egress.github.io/trial";

/// Which set a policy belongs to. Each is applied and undone as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdmissionSet {
    /// What keeps namespaces apart: `kubectl egress guard`.
    Guard,
    /// The organisation's built-in rules: `kubectl egress policy export`.
    Rules,
}

/// What the API server does with a request that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// The writer is warned, and the audit log keeps it.
    Warn,
    /// The request is refused.
    Deny,
}

/// One policy of the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionPolicy {
    /// The name of the policy and of its binding.
    pub name: String,
    /// What it belongs to.
    pub set: AdmissionSet,
    /// Annotations of the policy: what it was made from, to be read again. Not a part of its digest.
    pub annotations: BTreeMap<String, String>,
    /// Which requests it judges. Each is a create or an update.
    pub resources: Vec<ResourceRule>,
    /// It judges only where all of these hold.
    pub conditions: Vec<Clause>,
    /// Parts of its rules: each may use those before it, as `variables.NAME`.
    pub variables: Vec<Clause>,
    /// Its rules.
    pub validations: Vec<AdmissionRule>,
}

/// A kind of object. Requests for other versions of it are judged, too: the server converts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRule {
    /// The API group; empty for the core API.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// The plural, such as `serviceentries`.
    pub resource: String,
}

/// A CEL expression with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its name: an identifier for a variable, a qualified name for a condition.
    pub name: String,
    /// The expression, at most 100,000 characters.
    pub expression: String,
}

/// One validation of an admission policy: what must hold, and the message where it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionRule {
    /// The expression that must be true.
    pub expression: String,
    /// What is said, in one line; also where [`Self::message_expression`] fails.
    pub message: String,
    /// A CEL expression of what is said, where that names something of the object.
    pub message_expression: Option<String>,
}

impl AdmissionSet {
    /// The value of the label [`SET`].
    pub fn word(self) -> &'static str {
        match self {
            AdmissionSet::Guard => "guard",
            AdmissionSet::Rules => "rules",
        }
    }
}

impl Enforcement {
    /// `validationActions` of a binding.
    pub fn actions(self) -> Vec<String> {
        let words: &[&str] = match self {
            Enforcement::Warn => &["Warn", "Audit"],
            Enforcement::Deny => &["Deny"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

impl Clause {
    /// A named expression.
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Clause { name: name.into(), expression: expression.into() }
    }
}

impl ResourceRule {
    /// A kind of object.
    pub fn new(group: &str, version: &str, resource: &str) -> Self {
        ResourceRule { group: group.to_owned(), version: version.to_owned(), resource: resource.to_owned() }
    }
}

/// The digest of a text as a label can hold it: 32 hexadecimal digits of its SHA-256.
fn digest(text: &str) -> String {
    short_sha256(text, 32)
}
