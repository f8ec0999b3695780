//! The changes between two diagnoses.
//!
//! A cause is not gone if its check was not made this time. Knows no clock.

use std::collections::BTreeMap;

use super::{NotChecked, Reason, Report};
use crate::finding::{Cause, CauseKey, CauseScope};

/// The causes that the last diagnosis found.
#[derive(Debug, Default)]
pub struct Watched {
    known: BTreeMap<CauseKey, Cause>,
}

/// A change since the last diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A cause that was not there before.
    Appeared(Cause),
    /// A cause that is not there any more.
    Gone(Cause),
}

impl Watched {
    /// Takes a new report, and returns the changes: new causes first, the worst before others, then causes that are
    /// gone.
    pub fn observe(&mut self, report: Report) -> Vec<Change> {
        let Report { findings, not_checked, .. } = report;
        let is_gone = |cause: &Cause| !is_hidden(cause, &not_checked, &findings);
        let mut before = std::mem::take(&mut self.known);
        let mut changes = Vec::new();
        for cause in findings.iter().filter(|cause| !cause.is_accepted()) {
            let key = key(cause);
            if before.remove(&key).is_none() {
                changes.push(Change::Appeared(cause.clone()));
            }
            self.known.insert(key, cause.clone());
        }
        for (key, cause) in before {
            if is_gone(&cause) {
                changes.push(Change::Gone(cause));
            } else {
                self.known.insert(key, cause);
            }
        }
        changes
    }
}

fn key(cause: &Cause) -> CauseKey {
    let host = cause.affects.first().filter(|_| cause.scope == CauseScope::Host);
    CauseKey::of(&cause.finding, host.map(|host| host.host.as_str()))
}

/// Whether the check was not made this time: its facts were missing, or the path is broken before it.
fn is_hidden(cause: &Cause, not_checked: &[NotChecked], findings: &[Cause]) -> bool {
    let of_hosts = cause.scope == CauseScope::Host && !cause.affects.is_empty();
    let unread =
        not_checked.iter().filter(|unchecked| unchecked.reason != Reason::NoEvidence).any(|unchecked| {
            let same = unchecked.hosts.iter().any(|host| cause.affects.contains(host));
            unchecked.codes.contains(&cause.code) && (same || !of_hosts)
        });
    let blocked = findings.iter().any(|other| {
        let same = other.affects.iter().any(|host| cause.affects.contains(host));
        other.not_checked.contains(&cause.code) && same
    });
    unread || blocked
}
