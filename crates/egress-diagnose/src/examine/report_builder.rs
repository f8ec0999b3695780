//! Builds a report while the checks run, and keeps only what will be printed.
//!
//! Merges findings of one cause, and checks that were not made for one reason. Does not know what the checks do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::missing_permission::MissingPermission;
use egress_core::unreadable::Unreadable;

use crate::examine::suppression::Suppressions;
use crate::finding::{Awaited, Cause, CauseKey, CauseScope, Code, Finding, HostName, Level};
use crate::path::NotWalked;
use crate::report::{
    API_VERSION, CheckTotals, CheckVerdict, FactsOrigin, KIND, Line, NOT_GIVEN, NotChecked, Reason, Report,
    Section, Subject, Summary,
};
use crate::rules::check::Check;

/// Up to this many hosts, the result of every check is kept by default.
const WHOLE: usize = 5;
/// So many sections there may be beside those of hosts before the list of all is copied to grow.
const OTHERS: usize = 64;

/// An unfinished report.
pub(crate) struct ReportBuilder {
    hosts: Vec<Arc<HostName>>,
    acceptances: Suppressions,
    causes: Vec<CauseBuilder>,
    known: HashMap<CauseKey, usize>,
    reasons: BTreeMap<(Reason, String), Unchecked>,
    totals: BTreeMap<Code, CheckTotals>,
    /// Each with the place of its host in the list of all.
    sections: Vec<(Section, Option<usize>)>,
    summary: Summary,
    /// Whether the result of every check is kept, even with many hosts.
    every_line: bool,
}

/// An unfinished section.
pub(crate) struct SectionBuilder<'b> {
    builder: &'b mut ReportBuilder,
    section: Section,
    /// The hosts that a finding of this subject affects, as indexes in the list of all hosts.
    behind: Vec<usize>,
    whole: bool,
}

struct CauseBuilder {
    cause: Cause,
    affects: BTreeSet<usize>,
    blocks: BTreeSet<Code>,
}

#[derive(Default)]
struct Unchecked {
    codes: BTreeSet<Code>,
    times: usize,
    hosts: Vec<usize>,
    input: Option<Input>,
    awaited: Option<Awaited>,
}

impl ReportBuilder {
    pub(crate) fn new(hosts: Vec<Arc<HostName>>, acceptances: Suppressions, every_line: bool) -> Self {
        ReportBuilder {
            sections: Vec::with_capacity(hosts.len() + OTHERS),
            hosts,
            acceptances,
            causes: Vec::new(),
            known: HashMap::new(),
            reasons: BTreeMap::new(),
            totals: BTreeMap::new(),
            summary: Summary::default(),
            every_line,
        }
    }

    /// Adds a host to the list of all; returns its index.
    pub(crate) fn add_host(&mut self, host: HostName) -> usize {
        self.hosts.push(Arc::new(host));
        self.hosts.len() - 1
    }

    /// Adds a host of this list to those that the findings at a gateway affect.
    pub(crate) fn add_to_gateway(&mut self, name: &GatewayName, host: usize) {
        let is_it = |section: &Section| matches!(&section.subject, Subject::Gateway { gateway, .. } if gateway == name);
        let of_gateway = self.sections.iter().filter(|(section, _)| is_it(section));
        for cause in of_gateway.flat_map(|(section, _)| &section.findings) {
            if let Some(builder) = self.causes.get_mut(*cause) {
                builder.affects.insert(host);
            }
        }
    }

    /// Begins the section of a subject; `behind` are the indexes of the hosts that a finding there affects.
    pub(crate) fn open(&mut self, subject: Subject, behind: Vec<usize>) -> SectionBuilder<'_> {
        let is_host = matches!(subject, Subject::Host { .. });
        let whole = !is_host || self.every_line || self.hosts.len() <= WHOLE;
        let section = Section {
            subject,
            worst: None,
            passed: 0,
            not_checked: 0,
            findings: Vec::new(),
            checks: Vec::new(),
        };
        SectionBuilder { builder: self, section, behind, whole }
    }

    /// The code of a cause.
    pub(crate) fn code_of(&self, cause: usize) -> Option<Code> {
        self.causes.get(cause).map(|builder| builder.cause.code)
    }

    pub(crate) fn finish(
        self,
        not_walked: Vec<NotWalked>,
        skipped: Vec<Code>,
        unreadable: Vec<Unreadable>,
    ) -> Report {
        let ReportBuilder { hosts, acceptances, causes, reasons, totals, mut sections, mut summary, .. } =
            self;
        let mut order: Vec<usize> = (0..causes.len()).collect();
        let rank = |index: &usize| {
            causes.get(*index).map(|CauseBuilder { cause, affects, .. }| {
                let wide = std::cmp::Reverse(affects.len());
                (cause.is_accepted(), std::cmp::Reverse(cause.level), cause.scope, wide)
            })
        };
        order.sort_by_key(rank);
        let mut place = vec![0; causes.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(slot) = place.get_mut(*old) {
                *slot = new;
            }
        }
        let mut worst: Vec<Option<Level>> = vec![None; hosts.len()];
        for CauseBuilder { cause, affects, .. } in
            causes.iter().filter(|builder| !builder.cause.is_accepted())
        {
            for host in affects {
                if let Some(level) = worst.get_mut(*host) {
                    *level = (*level).max(Some(cause.level));
                }
            }
            *match cause.level {
                Level::Error => &mut summary.errors,
                Level::Warning => &mut summary.warnings,
                Level::Info => &mut summary.infos,
            } += 1;
        }
        summary.accepted = causes.len() - summary.errors - summary.warnings - summary.infos;
        summary.hosts = hosts.len();
        summary.hosts_failing = worst.iter().filter(|level| **level == Some(Level::Error)).count();
        // Of several meshes, the gateways come before all hosts.
        sections.sort_by_key(|(section, _)| match section.subject {
            Subject::Mesh => 0,
            Subject::Gateway { .. } => 1,
            Subject::Host { .. } => 2,
        });
        for (section, host) in &mut sections {
            let own = section.findings.iter().filter_map(|index| causes.get(*index));
            let own = own.filter(|builder| !builder.cause.is_accepted()).map(|builder| builder.cause.level);
            section.worst = match section.subject {
                Subject::Host { .. } => host.and_then(|host| worst.get(host).copied().flatten()),
                Subject::Mesh | Subject::Gateway { .. } => own.max(),
            };
            let failed = section.checks.iter_mut().filter_map(|line| match &mut line.verdict {
                CheckVerdict::Failed { findings } => Some(findings),
                CheckVerdict::Passed { .. } | CheckVerdict::NotChecked { .. } => None,
            });
            for index in failed.flatten().chain(&mut section.findings) {
                *index = place.get(*index).copied().unwrap_or_default();
            }
        }
        let name = |index: &usize| hosts.get(*index).cloned();
        let mut findings: Vec<(usize, Cause)> = causes
            .into_iter()
            .zip(place)
            .map(|(CauseBuilder { mut cause, affects, blocks }, place)| {
                // Which hosts a fault of the mesh breaks is not computed.
                if cause.scope != CauseScope::Mesh {
                    cause.affects = affects.iter().filter_map(name).collect();
                }
                cause.not_checked = blocks.into_iter().collect();
                (place, cause)
            })
            .collect();
        findings.sort_by_key(|(place, _)| *place);
        let not_checked = reasons.into_iter().map(|((reason, because), unchecked)| NotChecked {
            missing_permission: MissingPermission::parse(&because),
            reason,
            because,
            codes: unchecked.codes.into_iter().collect(),
            times: unchecked.times,
            hosts: unchecked.hosts.iter().filter_map(name).collect(),
            input: unchecked.input,
            awaited: unchecked.awaited,
        });
        Report {
            api_version: API_VERSION,
            kind: KIND,
            summary,
            findings: findings.into_iter().map(|(_, cause)| cause).collect(),
            sections: sections.into_iter().map(|(section, _)| section).collect(),
            checks: totals.into_values().collect(),
            not_checked: not_checked.collect(),
            not_walked,
            skipped,
            invalid_acceptances: acceptances.invalid,
            unreadable,
            probe: None,
            calls: Vec::new(),
            unfollowed: Vec::new(),
            guard: None,
            is_path_asked: false,
            source: FactsOrigin::default(),
        }
    }

    fn totals_of(&mut self, check: &Check) -> &mut CheckTotals {
        let Check { code, name, level, .. } = *check;
        self.totals.entry(code).or_insert(CheckTotals {
            code,
            name,
            level,
            passed: 0,
            failed: 0,
            not_checked: 0,
        })
    }
}

impl SectionBuilder<'_> {
    pub(crate) fn passed(&mut self, check: &Check, seen: Option<String>) {
        self.section.passed += 1;
        self.builder.summary.passed += 1;
        self.builder.totals_of(check).passed += 1;
        if self.whole {
            self.line(check, CheckVerdict::Passed { seen });
        }
    }

    /// Adds the findings of a check; returns the first cause at level error, if there is one.
    pub(crate) fn failed(&mut self, check: &Check, findings: Vec<Finding>) -> Option<usize> {
        self.builder.totals_of(check).failed += 1;
        let mut breaks = None;
        let mut indexes = Vec::with_capacity(findings.len());
        for finding in findings {
            let level = finding.level;
            let index = self.cause(check, finding);
            if level == Level::Error {
                breaks = breaks.or(Some(index));
            }
            indexes.push(index);
        }
        indexes.dedup();
        self.section.findings.extend(&indexes);
        if self.whole {
            self.line(check, CheckVerdict::Failed { findings: indexes });
        }
        breaks
    }

    /// Records that a check was not made because the path is broken before it.
    pub(crate) fn blocked(&mut self, check: &Check, cause: usize) {
        self.silent(check);
        if let Some(builder) = self.builder.causes.get_mut(cause) {
            builder.blocks.insert(check.code);
        }
        if self.whole {
            let code = self.builder.code_of(cause).map(|code| code.to_string()).unwrap_or_default();
            let because = format!("the path is broken before this ({code})");
            self.line(check, CheckVerdict::NotChecked { reason: Reason::Blocked, because });
        }
    }

    /// Records that the facts of a check were not given.
    pub(crate) fn not_given(&mut self, check: &Check, input: Input) {
        let because = format!("{NOT_GIVEN}{input}");
        self.not_checked(check, Reason::NotGiven, because.clone());
        if let Some(unchecked) = self.builder.reasons.get_mut(&(Reason::NotGiven, because)) {
            unchecked.input = Some(input);
        }
    }

    /// Records that the evidence for a check does not exist yet.
    pub(crate) fn no_evidence(&mut self, check: &Check, awaited: Awaited) {
        let because = awaited.to_string();
        self.not_checked(check, Reason::NoEvidence, because.clone());
        if let Some(unchecked) = self.builder.reasons.get_mut(&(Reason::NoEvidence, because)) {
            unchecked.awaited = Some(awaited);
        }
    }

    /// Records that a check was not made.
    pub(crate) fn not_checked(&mut self, check: &Check, reason: Reason, because: String) {
        self.silent(check);
        self.builder.summary.unreadable += usize::from(reason == Reason::Unreadable);
        if self.whole {
            self.line(check, CheckVerdict::NotChecked { reason, because: because.clone() });
        }
        let unchecked = self.builder.reasons.entry((reason, because)).or_default();
        unchecked.codes.insert(check.code);
        unchecked.times += 1;
        if let (Subject::Host { .. }, [host]) = (&self.section.subject, self.behind.as_slice())
            && unchecked.hosts.last() != Some(host)
        {
            unchecked.hosts.push(*host);
        }
    }

    /// Ends the section. Drops it if no check applied to its subject, unless that is a host.
    pub(crate) fn close(self) {
        let said = self.section.passed + self.section.not_checked + self.section.findings.len();
        let is_host = matches!(self.section.subject, Subject::Host { .. });
        if said == 0 && !is_host {
            return;
        }
        // Several meshes of one cluster are one subject.
        let is_mesh = self.section.subject == Subject::Mesh;
        let mut known = self.builder.sections.iter_mut().map(|(section, _)| section);
        if is_mesh && let Some(mesh) = known.find(|section| section.subject == Subject::Mesh) {
            mesh.passed += self.section.passed;
            mesh.not_checked += self.section.not_checked;
            mesh.findings.extend(self.section.findings);
            mesh.checks.extend(self.section.checks);
            return;
        }
        let host = self.behind.first().copied().filter(|_| is_host);
        self.builder.sections.push((self.section, host));
    }

    fn silent(&mut self, check: &Check) {
        self.section.not_checked += 1;
        self.builder.summary.not_checked += 1;
        self.builder.totals_of(check).not_checked += 1;
    }

    fn line(&mut self, check: &Check, verdict: CheckVerdict) {
        self.section.checks.push(Line { code: check.code, name: check.name, verdict });
    }

    fn cause(&mut self, check: &Check, finding: Finding) -> usize {
        let (scope, host) = match &self.section.subject {
            Subject::Mesh => (CauseScope::Mesh, None),
            Subject::Gateway { .. } => (CauseScope::Gateway, None),
            Subject::Host { host, .. } => (CauseScope::Host, Some(host.as_str())),
        };
        let ReportBuilder { causes, known, acceptances, .. } = &mut *self.builder;
        let key = CauseKey::of(&finding, host);
        let index = *known.entry(key).or_insert_with(|| {
            let cause = Cause {
                accepted: acceptances.of(&finding).cloned(),
                name: check.name,
                scope,
                affects: Vec::new(),
                not_checked: Vec::new(),
                docs: format!("docs/checks/{}.md", check.code),
                finding,
            };
            causes.push(CauseBuilder { cause, affects: BTreeSet::new(), blocks: BTreeSet::new() });
            causes.len() - 1
        });
        if let Some(builder) = causes.get_mut(index) {
            builder.affects.extend(&self.behind);
        }
        index
    }
}
