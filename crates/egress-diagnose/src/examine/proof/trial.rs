//! One try of a fix: the facts after it, examined again, and compared with those before it.
//!
//! Does not know which fix is tried when, nor what is done about one that fails.

use std::collections::BTreeSet;

use egress_core::istio::call::Call;

use super::working_calls::{FailingCall, WorkingCalls};
use crate::examine::{Options, examine_again};
use crate::facts::{Changed, ClusterFacts, Request};
use crate::finding::{Cause, CauseScope, Code, Fix, HostName, Level, ObjectChange};
use crate::report::{Report, Subject};

/// The checks that follow calls: of hosts with an egress, and of others.
const OF_HOSTS: Code = Code(100);
const OF_OTHERS: Code = Code(101);

/// In a cluster with more objects of Istio, only the fault itself is looked for again, at one of its hosts, and whether calls
/// that worked still do.
const SMALL: usize = 1_000;

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TrialResult {
    /// The fault is gone, and nothing that worked is broken.
    Mends,
    /// It stays.
    Stays,
    /// A call that worked is broken, or the API server refuses the change.
    Fails(String),
    /// It is gone, and there is another one.
    Causes {
        /// The other one, in a sentence.
        failure: String,
        /// What would mend that.
        fix: Fix,
    },
    /// An object is not kept whole, or nobody can tell which host to look at.
    Unknown,
}

/// What is tried, and how it was before.
pub(super) struct Trials<'f> {
    facts: &'f ClusterFacts,
    request: &'f Request,
    options: &'f Options,
    calls: WorkingCalls,
    /// What is told of the mesh's calls.
    told: BTreeSet<String>,
    /// Some host, for faults of the whole mesh.
    any_host: Option<HostName>,
    /// Hosts that are broken by something of their own or of their gateway.
    broken: BTreeSet<HostName>,
}

impl<'f> Trials<'f> {
    pub(super) fn of(
        facts: &'f ClusterFacts,
        request: &'f Request,
        options: &'f Options,
        report: &Report,
    ) -> Self {
        let errors = report.findings.iter().filter(|cause| cause.level == Level::Error);
        let any_host = report.sections.iter().find_map(|section| match &section.subject {
            Subject::Host { host, namespace, .. } => {
                Some(HostName { host: host.clone(), namespace: namespace.clone() })
            }
            Subject::Mesh | Subject::Gateway { .. } => None,
        });
        let of_hosts = errors.filter(|cause| cause.scope != CauseScope::Mesh);
        Trials {
            facts,
            request,
            options,
            calls: WorkingCalls::of(facts),
            any_host,
            told: report.findings.iter().map(told).collect(),
            broken: of_hosts.flat_map(|cause| &cause.affects).map(|host| HostName::clone(host)).collect(),
        }
    }

    /// Tries changes for a cause, after which these calls must leave through their gateway.
    pub(super) fn prove(&self, cause: &Cause, changes: &[ObjectChange], wanted: &[Call]) -> TrialResult {
        let after = match self.facts.after(changes) {
            Changed::Unknown => return TrialResult::Unknown,
            Changed::Refused => return TrialResult::Fails("the API server refuses it".to_owned()),
            Changed::Facts(after) => after,
        };
        match self.calls.failing_in(&after, wanted) {
            None => {}
            Some(FailingCall::Wanted) => return TrialResult::Stays,
            Some(FailingCall::Other(call)) => {
                return TrialResult::Fails(format!(
                    "calls {call} would no longer leave through their gateway"
                ));
            }
        }
        let is_small = self.facts.snapshot.resources.len() <= SMALL;
        let request = if is_small { Some(self.request.clone()) } else { self.for_one_host(cause) };
        let Some(request) = request else { return TrialResult::Unknown };
        let again = examine_again(&after, &request, self.options);
        if is_left(cause, &again) {
            return TrialResult::Stays;
        }
        self.broken(cause, &again).unwrap_or(TrialResult::Mends)
    }

    /// The same request for one host that the cause breaks.
    fn for_one_host(&self, cause: &Cause) -> Option<Request> {
        let host = cause.affects.first().map(AsRef::as_ref).or(self.any_host.as_ref())?;
        Some(Request {
            hosts: vec![host.host.parse().ok()?],
            namespace: host.namespace.clone(),
            ..self.request.clone()
        })
    }

    /// An error that was not there before. What another fault of a host has hidden is not new; nothing hides what follows calls.
    fn broken(&self, cause: &Cause, again: &Report) -> Option<TrialResult> {
        let follows_calls = [OF_HOSTS, OF_OTHERS].contains(&cause.code);
        let is_new = |other: &&Cause| match other.scope {
            CauseScope::Mesh => follows_calls || other.code == OF_OTHERS,
            _ => follows_calls || other.affects.iter().any(|host| !self.broken.contains(&**host)),
        };
        let errors = again.findings.iter().filter(|other| other.level == Level::Error);
        let found = errors.filter(|other| !self.told.contains(&told(other))).find(is_new)?;
        let failure = format!("it would cause {}: {}", found.code, found.message);
        Some(TrialResult::Causes { failure, fix: found.fix.clone() })
    }
}

/// The fault itself, where it is still there.
fn is_left(cause: &Cause, again: &Report) -> bool {
    again.findings.iter().any(|other| told(other) == told(cause))
}

fn told(cause: &Cause) -> String {
    format!("{} {}: {}", cause.code, cause.object.object(), cause.message)
}
