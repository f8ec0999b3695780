//! One cause, with everything that it breaks.
//!
//! Knows when two findings have the same cause.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::finding::{Acceptance, Code, Finding};

/// A finding, once for all the hosts it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The finding; of several hosts, that of the first.
    #[serde(flatten)]
    pub finding: Finding,
    /// The name of the check: what is true when nothing is wrong.
    pub name: &'static str,
    /// What it was found at.
    pub scope: CauseScope,
    /// The hosts with this fault, or behind a gateway with it; none where it is one of the whole mesh.
    #[serde(serialize_with = "each")]
    pub affects: Vec<Arc<HostName>>,
    /// The checks that were not made because of it.
    pub not_checked: Vec<Code>,
    /// The page of its check.
    pub docs: String,
    /// What an annotation of the object says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
}

/// What a finding was found at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CauseScope {
    /// The mesh as a whole.
    Mesh,
    /// One gateway.
    Gateway,
    /// The path of one host, or of several hosts with the same fault.
    Host,
}

/// A host in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostName {
    /// The host.
    pub host: String,
    /// The namespace of its objects, or the one that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// What equal causes have in common: the check, the object, and the message without the host's name.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CauseKey {
    code: Code,
    object: String,
    field: Option<String>,
    message: String,
}

impl Cause {
    /// Whether an annotation accepts it today.
    pub fn is_accepted(&self) -> bool {
        self.accepted.as_ref().is_some_and(|acceptance| !acceptance.ended)
    }
}

impl Deref for Cause {
    type Target = Finding;

    fn deref(&self) -> &Finding {
        &self.finding
    }
}

impl CauseKey {
    pub(crate) fn of(finding: &Finding, host: Option<&str>) -> Self {
        let place = &finding.object;
        let namespace = place.namespace.as_deref().unwrap_or_default();
        // No host name contains `@`, so different messages stay different.
        let message = match host {
            Some(host) if !host.is_empty() => finding.message.replace(host, "@"),
            _ => finding.message.clone(),
        };
        CauseKey {
            code: finding.code,
            object: format!("{}/{namespace}/{}", place.kind, place.name),
            field: place.field.clone(),
            message,
        }
    }
}

fn each<S: Serializer>(hosts: &[Arc<HostName>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hosts.iter().map(Arc::as_ref))
}
