//! The report of a diagnosis: root causes first, then what was examined and what was not.
//!
//! Serialises to the JSON of `docs/schema/diagnose.json`. Knows nothing of text layout.

use std::collections::BTreeSet;
use std::sync::Arc;

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::missing_permission::MissingPermission;
use egress_core::unreadable::Unreadable;
use serde::Serialize;

use crate::calls::{FollowedCall, UnfollowedCall};
use crate::finding::{Awaited, Cause, Code, HostName, InvalidAcceptance, Level, Place};
use crate::path::NotWalked;
use crate::probe::{Probe, ProbeResult};

mod changes;

pub use changes::{Change, Watched};

/// The version of the JSON form.
pub const API_VERSION: &str = "kubectl-egress.github.io/v1alpha2";
/// The kind of the JSON form.
pub const KIND: &str = "EgressDiagnosis";
/// How the reason of [`Reason::NotGiven`] begins; what was not given follows.
pub const NOT_GIVEN: &str = "not given: ";

/// A whole diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// [`KIND`].
    pub kind: &'static str,
    /// The counts.
    pub summary: Summary,
    /// Findings, each cause once: the worst first, accepted ones last.
    pub findings: Vec<Cause>,
    /// What was examined: the mesh first, then gateways, then hosts.
    pub sections: Vec<Section>,
    /// The totals of each check, in order of code.
    pub checks: Vec<CheckTotals>,
    /// Why checks were not made, each reason once. Checks behind a finding are listed with the finding.
    pub not_checked: Vec<NotChecked>,
    /// Hosts outside the mesh that no check looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_walked: Vec<NotWalked>,
    /// Checks that `--skip` left out.
    pub skipped: Vec<Code>,
    /// Annotations that should accept findings and cannot be parsed.
    pub invalid_acceptances: Vec<InvalidAcceptance>,
    /// What could not be read from the cluster.
    pub unreadable: Vec<Unreadable>,
    /// The result of the marked request, if one was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// The ways of calls: those that were asked for, and those to requested hosts that no object names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<FollowedCall>,
    /// Calls whose way is not known, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<UnfollowedCall>,
    /// Whether the API server holds the rules of `guard`, where a cluster was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardState>,
    /// Whether the ways of calls were asked for.
    #[serde(skip)]
    pub is_path_asked: bool,
    /// What was examined.
    #[serde(skip)]
    pub source: FactsOrigin,
}

/// Where the facts of a report come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FactsOrigin {
    /// A cluster, or a cluster with files applied to it.
    Cluster,
    /// Files or a bundle.
    #[default]
    Files,
}

/// The state of the guard in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardState {
    /// There is none.
    Absent,
    /// A policy of it is missing, changed, older than this program or not bound, or its gateway is gone.
    Incomplete,
    /// It warns.
    Warn,
    /// It refuses.
    Deny,
    /// The user has no permission to read it.
    Unknown,
}

/// The results for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// What was examined.
    pub subject: Subject,
    /// The worst level of its faults, including those of its gateway and the mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Level>,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that were not made.
    pub not_checked: usize,
    /// The indexes of its own findings in [`Report::findings`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<usize>,
    /// The result of each check, in the order of the path; empty for hosts if there are many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Line>,
}

/// The subject of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Subject {
    /// The mesh as a whole.
    Mesh,
    /// A gateway.
    #[serde(rename_all = "camelCase")]
    Gateway {
        /// Its Service.
        gateway: GatewayName,
        /// The nodes of its ready pods.
        #[serde(skip)]
        nodes: BTreeSet<String>,
    },
    /// A host in a namespace.
    #[serde(rename_all = "camelCase")]
    Host {
        /// The host.
        host: String,
        /// The namespace of its objects, or the requested namespace.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The namespaces whose pods call it.
        callers: Vec<String>,
        /// Its egress gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway: Option<GatewayName>,
    },
}

/// The result of one check for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The check.
    pub code: Code,
    /// What is true when nothing is wrong.
    pub name: &'static str,
    /// The result.
    #[serde(flatten)]
    pub verdict: CheckVerdict,
}

/// The result of a check, as a report keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum CheckVerdict {
    /// Nothing is wrong.
    #[serde(rename_all = "camelCase")]
    Passed {
        /// What was found, if that helps the reader.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<String>,
    },
    /// Something is wrong.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// The indexes of its findings in [`Report::findings`].
        findings: Vec<usize>,
    },
    /// It was not made. Never the same as passed.
    #[serde(rename_all = "camelCase")]
    NotChecked {
        /// The kind of reason.
        reason: Reason,
        /// The reason.
        because: String,
    },
}

/// Why a check was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The path is broken before it.
    Blocked,
    /// Its facts could not be read.
    Unreadable,
    /// Its evidence does not exist yet.
    NoEvidence,
    /// Its facts were not given.
    NotGiven,
}

/// One reason why checks were not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotChecked {
    /// The kind of reason.
    pub reason: Reason,
    /// The reason.
    pub because: String,
    /// The checks, in order of code.
    pub codes: Vec<Code>,
    /// How often in all.
    pub times: usize,
    /// The hosts that were not checked; none for the mesh and gateways.
    #[serde(skip)]
    pub hosts: Vec<Arc<HostName>>,
    /// For [`Reason::NotGiven`]: the kind of facts.
    #[serde(skip)]
    pub input: Option<Input>,
    /// For [`Reason::NoEvidence`]: the missing evidence.
    #[serde(skip)]
    pub awaited: Option<Awaited>,
    /// The permission that the user lacks, if that is the reason.
    #[serde(skip)]
    pub missing_permission: Option<MissingPermission>,
}

/// The totals of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckTotals {
    /// The check.
    pub code: Code,
    /// What is true when nothing is wrong.
    pub name: &'static str,
    /// The highest level of its findings.
    pub level: Level,
    /// For how many subjects it passed.
    pub passed: usize,
    /// For how many subjects it failed.
    pub failed: usize,
    /// For how many subjects it was not made.
    pub not_checked: usize,
}

/// The counts of all sections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Hosts examined, each counted once for each namespace.
    pub hosts: usize,
    /// How many of them have an error, including errors of their gateway and the mesh.
    pub hosts_failing: usize,
    /// Findings at level error, each cause counted once.
    pub errors: usize,
    /// Findings at level warning.
    pub warnings: usize,
    /// Findings at level info.
    pub infos: usize,
    /// Findings that were accepted, of whatever level; not counted above.
    pub accepted: usize,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that were not made.
    pub not_checked: usize,
    /// How many of them were not made because facts could not be read.
    pub unreadable: usize,
    /// Whether a part of the input could not be read, so that findings may be missing.
    pub incomplete: bool,
}

/// The result of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A finding has the threshold's level or a higher one.
    Found,
    /// No finding has it, but not everything could be checked.
    Incomplete,
    /// No finding has it.
    Clean,
}

impl Report {
    /// Findings that are not accepted, the worst first.
    pub fn open(&self) -> impl Iterator<Item = &Cause> {
        self.findings.iter().filter(|cause| !cause.is_accepted())
    }

    /// The objects of all causes and ways, so that their file and line can be added.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let of_findings = self.findings.iter_mut().map(|cause| &mut cause.finding.object);
        of_findings.chain(self.calls.iter_mut().flat_map(FollowedCall::places_mut))
    }

    /// The result, if findings from this level on are failures. A finding counts before a check that was not made. A
    /// request that was lost or left directly is always a failure.
    ///
    /// If no check can follow the path of a host, that host is not checked, and the result is not clean: a pipeline
    /// that expects 0 must not take "not checked" for "nothing is wrong". Hosts without a gateway or a caller do not
    /// count, and neither do facts that were not given: files need not contain everything.
    pub fn ending(&self, fail_on: Level) -> Ending {
        let result = self.probe.as_ref().map(|probe| probe.result);
        match (self.worst(), result) {
            (Some(worst), _) if worst >= fail_on => Ending::Found,
            (_, Some(ProbeResult::LeftDirectly | ProbeResult::Diverted | ProbeResult::Lost)) => Ending::Found,
            (_, Some(ProbeResult::NotProven)) => Ending::Incomplete,
            _ if self.summary.unreadable > 0 || self.summary.incomplete => Ending::Incomplete,
            _ if self.not_walked.iter().any(|host| host.reason.is_limit()) => Ending::Incomplete,
            // The way that was asked for is not known.
            _ if self.is_path_asked && !self.unfollowed.is_empty() => Ending::Incomplete,
            _ => Ending::Clean,
        }
    }

    /// The worst level of all findings that are not accepted.
    pub fn worst(&self) -> Option<Level> {
        self.open().map(|cause| cause.level).max()
    }
}
