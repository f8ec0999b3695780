//! Labels and annotations: how an object says that it is ours, which part it plays, and what was asked for.
//!
//! One table of keys. Knows nothing of specs.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use crate::host::printable;
use crate::intent::{GatewayName, GatewayTls, Intent, Layout};
use crate::names::ChosenNames;
use crate::port::Port;
use crate::resource::{Resource, StringMap};
use crate::role::Role;

/// The field manager of every server-side apply.
pub const FIELD_MANAGER: &str = "kubectl-egress";
/// The prefix of our annotations.
const PREFIX: &str = "kubectl-egress.github.io";
/// The label every object of ours carries.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// On every object of a host: the host.
pub const HOST: &str = "kubectl-egress.github.io/host";
/// On every object: the part it plays.
pub const ROLE: &str = "kubectl-egress.github.io/role";
/// On the record: when it was written, RFC 3339. Two equal requests differ in this and in [`ADDED_BY`] only.
pub const ADDED_AT: &str = "kubectl-egress.github.io/added-at";
/// On the record: the user the API server saw.
pub const ADDED_BY: &str = "kubectl-egress.github.io/added-by";
/// On every object of a host: the policies that judged it, as they were then.
pub const POLICIES: &str = "kubectl-egress.github.io/policies";
/// On any object, written by people: findings about it that are accepted, and why.
pub const ACCEPT: &str = "kubectl-egress.github.io/accept";
const PORTS: &str = "kubectl-egress.github.io/ports";
/// On the record: the layout; only the record has it.
pub const LAYOUT: &str = "kubectl-egress.github.io/layout";
const HOP: &str = "kubectl-egress.github.io/hop";
const GATEWAY: &str = "kubectl-egress.github.io/gateway";
const EXPORT_TO: &str = "kubectl-egress.github.io/export-to";
const REASON: &str = "kubectl-egress.github.io/reason";
const NAMES: &str = "kubectl-egress.github.io/names";

/// Every key of ours.
const KEYS: [&str; 14] = [
    MANAGED_BY, HOST, ROLE, ADDED_AT, ADDED_BY, POLICIES, ACCEPT, PORTS, LAYOUT, HOP, GATEWAY, EXPORT_TO,
    REASON, NAMES,
];

/// What was asked for, and by whom: the annotations of the first object of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was asked for.
    pub intent: Intent,
    /// What its objects are called, where a policy named them.
    pub names: ChosenNames,
    /// When.
    pub added_at: Option<Timestamp>,
    /// By which user, as the API server knows them.
    pub added_by: Option<String>,
}

/// Why the annotations of an object are no record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("annotation `{key}` is {problem}")]
pub struct RecordError {
    /// The annotation.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// The labels of every object of ours.
pub fn labels() -> StringMap {
    StringMap::from_iter([(MANAGED_BY.into(), FIELD_MANAGER.to_owned())])
}

/// A key of a label or annotation; one of ours is not copied.
pub(crate) fn key(text: &str) -> Cow<'static, str> {
    let known = KEYS.into_iter().find(|key| *key == text);
    known.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
}

/// Whether an object says that it is ours.
pub fn is_ours(resource: &Resource) -> bool {
    resource.labels.get(MANAGED_BY).is_some_and(|manager| manager == FIELD_MANAGER)
}

/// Whether a label or annotation is one that this tool sets itself, and no policy may.
pub fn is_our_key(key: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    prefix == PREFIX
        || prefix.strip_suffix(PREFIX).is_some_and(|rest| rest.ends_with('.'))
        || key == MANAGED_BY
}

/// The part an object of ours plays.
pub fn role(resource: &Resource) -> Option<Role> {
    let word = resource.annotations.get(ROLE)?;
    Role::ALL.into_iter().find(|role| role.word() == word)
}

/// The host an object of ours is for.
pub fn host(resource: &Resource) -> Option<&str> {
    resource.annotations.get(HOST).map(String::as_str)
}

/// The annotations of an object that is no record.
pub fn annotations(host: Option<&str>, role: Role) -> StringMap {
    let mut annotations = StringMap::from_iter([(ROLE.into(), role.word().to_owned())]);
    annotations.extend(host.map(|host| (HOST.into(), host.to_owned())));
    annotations
}

impl Record {
    /// The annotations of the object that is the record.
    pub fn annotations(&self, role: Role) -> StringMap {
        let Intent { host, ports, gateway, layout, hop, export_to, reason, namespace: _ } = &self.intent;
        let ports: Vec<String> = ports.iter().map(Port::to_string).collect();
        let mut written = annotations(Some(host.as_str()), role);
        written.extend([
            (PORTS.into(), ports.join(",")),
            (LAYOUT.into(), layout.to_string()),
            (HOP.into(), hop.to_string()),
            (GATEWAY.into(), gateway.to_string()),
            (EXPORT_TO.into(), export_to.join(",")),
        ]);
        written.extend(reason.clone().map(|reason| (REASON.into(), reason)));
        if !self.names.is_default() {
            written.insert(NAMES.into(), self.names.to_text());
        }
        written.extend(self.added_at.map(|time| (ADDED_AT.into(), time.to_string())));
        written.extend(self.added_by.clone().map(|user| (ADDED_BY.into(), user)));
        written
    }

    /// Reads the record back from the object that holds it.
    ///
    /// # Errors
    /// [`RecordError`] names the annotation that is missing or was changed into something else.
    pub fn read(resource: &Resource) -> Result<Self, RecordError> {
        let reader = AnnotationReader(&resource.annotations);
        Ok(Record {
            intent: Intent {
                host: reader.parse(HOST)?,
                ports: reader.list(PORTS, str::parse::<Port>)?,
                namespace: resource.id.namespace.clone(),
                gateway: reader.parse::<GatewayName>(GATEWAY)?,
                layout: reader.parse::<Layout>(LAYOUT)?,
                hop: reader.parse::<GatewayTls>(HOP)?,
                export_to: reader.text(EXPORT_TO)?.split(',').map(str::to_owned).collect(),
                reason: reader.0.get(REASON).cloned(),
            },
            names: reader.names()?,
            added_at: reader.0.get(ADDED_AT).and_then(|time| time.parse().ok()),
            added_by: reader.0.get(ADDED_BY).cloned(),
        })
    }
}

/// Reads the fields of a record from annotations.
struct AnnotationReader<'a>(&'a StringMap);

impl AnnotationReader<'_> {
    fn text(&self, key: &'static str) -> Result<&str, RecordError> {
        let missing = || RecordError { key, problem: "missing".to_owned() };
        self.0.get(key).map(String::as_str).ok_or_else(missing)
    }

    fn parse<T: std::str::FromStr>(&self, key: &'static str) -> Result<T, RecordError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| RecordError { key, problem: format!("not readable: `{}`", printable(text)) })
    }

    fn names(&self) -> Result<ChosenNames, RecordError> {
        let Some(text) = self.0.get(NAMES) else { return Ok(ChosenNames::default()) };
        let problem = || format!("not readable: `{}`", printable(text));
        ChosenNames::parse(text).ok_or_else(|| RecordError { key: NAMES, problem: problem() })
    }

    fn list<T: Ord, E>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<BTreeSet<T>, RecordError> {
        let text = self.text(key)?;
        let unreadable = || RecordError { key, problem: format!("not readable: `{}`", printable(text)) };
        text.split(',').map(|item| parse(item).map_err(|_| unreadable())).collect()
    }
}
