//! What is different between two diagnoses.
//!
//! Knows that what was not checked this time is not gone. Knows no clock.

use std::collections::BTreeMap;

use super::{NotChecked, Reason, Report};
use crate::finding::{Cause, CauseKey, Scope};

/// What the last diagnosis found.
#[derive(Debug, Default)]
pub struct Watched {
    known: BTreeMap<CauseKey, Cause>,
}

/// Something that is different from the last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A cause that was not there before.
    Appeared(Cause),
    /// A cause that is not there any more.
    Gone(Cause),
}

impl Watched {
    /// Takes a new report, and says what is different: what has appeared, the worst first, then what is gone.
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
    let host = cause.affects.first().filter(|_| cause.scope == Scope::Host);
    CauseKey::of(&cause.finding, host.map(|host| host.host.as_str()))
}

/// Whether the check was not made this time: its facts were missing, or the path is broken before it.
fn is_hidden(cause: &Cause, not_checked: &[NotChecked], findings: &[Cause]) -> bool {
    let of_hosts = cause.scope == Scope::Host && !cause.affects.is_empty();
    let unread = not_checked.iter().filter(|silence| silence.reason != Reason::NoEvidence).any(|silence| {
        let same = silence.hosts.iter().any(|host| cause.affects.contains(host));
        silence.codes.contains(&cause.code) && (same || !of_hosts)
    });
    let blocked = findings.iter().any(|other| {
        let same = other.affects.iter().any(|host| cause.affects.contains(host));
        other.not_checked.contains(&cause.code) && same
    });
    unread || blocked
}
