//! The walk: every check of the catalogue over every subject of a request, hop by hop.
//!
//! After the first hop with an error nothing more is blamed: what lies behind it is not checked, and the report says
//! because of what. Knows nothing of what the checks look at.

use std::collections::BTreeSet;

use egress_core::intent::GatewayName;
use egress_core::role::Role;
use egress_core::snapshot::GatewayFacts;

use crate::calls::calls;
use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::checks::CHECKS;
use crate::evidence::{Evidence, Request};
use crate::legs::seen_gateway;
use crate::report::{Line, Reason, Report, Section, Subject, Verdict};
use crate::view::View;
use crate::way::{Way, uncovered, ways};

/// Examines what a request asks for.
pub fn examine(evidence: &Evidence, request: &Request) -> Report {
    examine_watched(evidence, request, |_, _| {})
}

/// The same, and tells what each check read while it ran: the tests of the catalogue hold it against what is declared.
pub fn examine_watched(
    evidence: &Evidence,
    request: &Request,
    watch: impl Fn(Code, BTreeSet<Input>),
) -> Report {
    let egresses = egress_core::inventory::egresses(&evidence.snapshot);
    let mut view = View::new(evidence, &egresses, request.client.as_ref());
    let mut ways = ways(&evidence.snapshot, view.index(), &egresses, request);
    ways.extend(uncovered(evidence, view.index(), &egresses, request));
    view.set_calls(calls(&evidence.snapshot, &ways));
    let mut order: Vec<&Check> = CHECKS.iter().collect();
    order.sort_by_key(|check| (check.hop, check.code));
    let walk = Walk { view: &view, order, watch };
    let mut sections = vec![walk.section(Subject::Mesh, None, None, |check, view| match check.run {
        Run::Mesh(run) => Some(run(view)),
        Run::Gateway(_) | Run::Way(_) | Run::Through(_) => None,
    })];
    let mut broken_gateways: Vec<(&GatewayName, Broken)> = Vec::new();
    for gateway in in_question(&evidence.snapshot.gateways, &ways, request) {
        let section = walk.gateway(gateway);
        broken_gateways.extend(Broken::at(&section).map(|broken| (&gateway.name, broken)));
        sections.push(section);
    }
    for way in &ways {
        let name = way.gateway.map(|gateway| &gateway.name);
        let broken = broken_gateways.iter().find(|(gateway, _)| Some(*gateway) == name);
        sections.push(walk.way(way, broken.map(|(_, broken)| broken.clone())));
    }
    Report::new(sections, evidence.snapshot.unreadable.clone())
}

/// The gateways that the hosts leave by; every gateway where no host was asked for, or none has one.
fn in_question<'a>(all: &'a [GatewayFacts], ways: &[Way<'_>], request: &Request) -> Vec<&'a GatewayFacts> {
    let used = |gateway: &GatewayFacts| {
        ways.iter().filter_map(|way| way.gateway).any(|other| other.name == gateway.name)
    };
    let everything = request.hosts.is_empty() || !all.iter().any(used);
    all.iter().filter(|gateway| everything || used(gateway)).collect()
}

/// The first thing that is broken on a way.
#[derive(Clone)]
struct Broken {
    hop: Hop,
    because: String,
    /// From this hop on nothing depends on it.
    spares: Option<Hop>,
}

impl Broken {
    fn at(section: &Section) -> Option<Self> {
        let broken = |line: &&Line| line.findings().iter().any(|finding| finding.level == Level::Error);
        let line = section.checks.iter().find(broken)?;
        let check = CHECKS.iter().find(|check| check.code == line.code)?;
        Some(Broken::by(check, &section.subject, None))
    }

    /// What an error of this check breaks.
    fn by(check: &Check, subject: &Subject, way: Option<&Way<'_>>) -> Self {
        let (hop, code) = (check.hop, check.code);
        let because = match subject {
            Subject::Gateway { gateway } => format!("gateway {gateway} is broken ({code})"),
            Subject::Mesh | Subject::Host { .. } => format!("the way is broken before ({code})"),
        };
        // An `add` stops after the gateway leg where the gateway cannot reach the host: the reason is found there.
        let spares = way.filter(|way| hop == Hop::Objects && has_gateway_side(way)).map(|_| Hop::FromGateway);
        Broken { hop, because, spares }
    }

    fn blocks(&self, check: &Check) -> bool {
        self.hop < check.hop && self.spares.is_none_or(|spared| check.hop < spared)
    }
}

/// Whether an egress of the shared layout has all that lies between the gateway and the host.
fn has_gateway_side(way: &Way<'_>) -> bool {
    let has = |role| way.egress.is_some_and(|egress| egress.part(role).is_some());
    has(Role::Upstream) && has(Role::GatewayLeg)
}

struct Walk<'a, 'b, W> {
    view: &'b View<'a>,
    /// The catalogue in the order of the walk.
    order: Vec<&'static Check>,
    watch: W,
}

impl<'a, W: Fn(Code, BTreeSet<Input>)> Walk<'a, '_, W> {
    fn gateway(&self, gateway: &GatewayFacts) -> Section {
        let subject = Subject::Gateway { gateway: gateway.name.clone() };
        self.section(subject, None, None, |check, view| match check.run {
            Run::Gateway(run) => {
                view.note(Input::Gateways);
                Some(run(view, gateway))
            }
            Run::Mesh(_) | Run::Way(_) | Run::Through(_) => None,
        })
    }

    fn way(&self, way: &Way<'_>, broken: Option<Broken>) -> Section {
        let subject = Subject::Host {
            host: way.host.clone(),
            namespace: way.namespace.clone(),
            callers: way.callers.clone(),
            gateway: way.gateway.map(|gateway| gateway.name.clone()),
        };
        self.section(subject, Some(way), broken, |check, view| match check.run {
            Run::Way(run) => Some(run(view, way)),
            Run::Through(run) => Some(match seen_gateway(view, way) {
                Ok(gateway) => run(view, way, gateway),
                Err(outcome) => outcome,
            }),
            Run::Mesh(_) | Run::Gateway(_) => None,
        })
    }

    /// Checks one subject. A hop is looked at as a whole, so that two faults of one hop are both told.
    fn section(
        &self,
        subject: Subject,
        way: Option<&Way<'_>>,
        broken: Option<Broken>,
        run: impl Fn(&Check, &View<'a>) -> Option<Outcome>,
    ) -> Section {
        let mut section = Section { subject, checks: Vec::new() };
        let mut broken = broken;
        for check in &self.order {
            self.view.take_reads();
            let Some(outcome) = run(check, self.view) else { continue };
            let outcome = self.view.with_gaps(outcome);
            let verdict = match (outcome, &broken) {
                (Outcome::NotApplicable, _) => continue,
                (_, Some(broken)) if broken.blocks(check) => {
                    Verdict::NotChecked { reason: Reason::Blocked, because: broken.because.clone() }
                }
                (Outcome::Good(seen), _) => Verdict::Passed { seen },
                (Outcome::Bad(findings), _) => Verdict::Failed { findings },
                (Outcome::Unreadable(because), _) => {
                    Verdict::NotChecked { reason: Reason::Unreadable, because }
                }
                (Outcome::NoEvidence(because), _) => {
                    Verdict::NotChecked { reason: Reason::NoEvidence, because }
                }
                (Outcome::NotGiven(input), _) => Verdict::NotChecked {
                    reason: Reason::NotGiven,
                    because: format!("{input} were not given"),
                },
            };
            (self.watch)(check.code, self.view.take_reads());
            let mut findings = verdict.findings().iter();
            if broken.is_none() && findings.any(|finding| finding.level == Level::Error) {
                broken = Some(Broken::by(check, &section.subject, way));
            }
            section.checks.push(Line { code: check.code, name: check.name, verdict });
        }
        section
    }
}
