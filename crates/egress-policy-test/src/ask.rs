//! Asks a policy as `add` does: to check its settings, and then every question that it answers.
//!
//! Knows which facts a policy sees. Compares nothing.

use std::collections::BTreeSet;

use egress_policy::answer::{Decision, EvaluationError, Finding, Names, Pin, Severity, Verdict};
use egress_policy::descriptor::Hook;
use egress_policy::request::{Request, Slot};
use egress_policy::{Policy, Reply};

/// All answers of a policy to one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Why it was not asked: its settings are wrong, or could not be checked.
    pub refusal: Option<EvaluationError>,
    /// Findings about valid settings.
    pub settings: Vec<Finding>,
    /// The answer about hosts; `None`: not asked.
    pub hosts: Option<Result<Verdict, EvaluationError>>,
    /// The answer about names; `None`: not asked.
    pub naming: Option<Result<Names, EvaluationError>>,
    /// The answer about nodes; `None`: not asked.
    pub pinning: Option<Result<Pin, EvaluationError>>,
}

/// The cost of the answers, and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The fuel of all answers together; `None`: not counted.
    pub fuel: Option<u64>,
    /// The policy's log.
    pub log: Vec<String>,
}

/// Asks every question that the policy answers.
pub fn ask(policy: &dyn Policy, request: &Request, slots: &[Slot], settings: &str) -> (Seen, Cost) {
    let mut seen = Seen::default();
    let mut cost = Cost::default();
    // Asked once for a whole command, so that it costs no call anything.
    let asked = policy.check_settings(settings);
    cost.log.extend(asked.log);
    match asked.result {
        Ok(findings) if denies(&findings) => seen.refusal = Some(EvaluationError::Settings(findings)),
        Ok(findings) => seen.settings = findings,
        Err(fault) => seen.refusal = Some(fault),
    }
    if seen.refusal.is_some() {
        return (seen, cost);
    }
    let descriptor = policy.descriptor();
    let shown = request.for_policy(&descriptor.needs, settings);
    let asked = |hook: Hook| policy.hooks().contains(&hook) && descriptor.judges(&request.verb);
    for hook in Hook::ALL.into_iter().filter(|hook| asked(*hook)) {
        match hook {
            Hook::Hosts => seen.hosts = Some(cost.take(policy.decide(&shown))),
            Hook::Naming => {
                let stable = request.for_naming(&descriptor.needs, settings);
                seen.naming = Some(cost.take(policy.name_objects(&stable, slots)));
            }
            Hook::Pinning => seen.pinning = Some(cost.take(policy.pin_gateway(&shown))),
        }
    }
    (seen, cost)
}

impl Seen {
    /// The decision for each destination. A finding that denies outweighs the ruling.
    pub fn decisions(&self, destinations: usize) -> Vec<Decision> {
        let Some(Ok(verdict)) = &self.hosts else { return vec![Decision::Abstain; destinations] };
        let decision = |index: usize| {
            let ruling =
                verdict.rulings.iter().find(|ruling| usize::try_from(ruling.destination) == Ok(index));
            let denied = denies(&verdict.findings) || ruling.is_some_and(|ruling| denies(&ruling.findings));
            if denied { Decision::Deny } else { ruling.map(|ruling| ruling.decision).unwrap_or_default() }
        };
        (0..destinations).map(decision).collect()
    }

    /// All findings, in the order of the questions.
    pub fn findings(&self) -> Vec<&Finding> {
        // Every field is named, so that the compiler asks about a new one.
        let Seen { refusal: _, settings, hosts, naming, pinning } = self;
        let mut findings: Vec<&Finding> = self.faults().into_iter().flat_map(of_fault).collect();
        findings.extend(settings);
        if let Some(Ok(verdict)) = hosts {
            findings.extend(verdict.rulings.iter().flat_map(|ruling| &ruling.findings));
            findings.extend(&verdict.findings);
        }
        if let Some(Ok(names)) = naming {
            findings.extend(&names.findings);
        }
        if let Some(Ok(pin)) = pinning {
            findings.extend(&pin.findings);
        }
        findings
    }

    /// The codes of its findings.
    pub fn codes(&self) -> BTreeSet<String> {
        self.findings().into_iter().map(|finding| finding.code.clone()).collect()
    }

    /// Why the policy could not decide.
    pub fn faults(&self) -> Vec<&EvaluationError> {
        let Seen { refusal, settings: _, hosts, naming, pinning } = self;
        let hosts = hosts.as_ref().and_then(|answer| answer.as_ref().err());
        let naming = naming.as_ref().and_then(|answer| answer.as_ref().err());
        let pinning = pinning.as_ref().and_then(|answer| answer.as_ref().err());
        [refusal.as_ref(), hosts, naming, pinning].into_iter().flatten().collect()
    }
}

impl Cost {
    fn take<T>(&mut self, reply: Reply<T>) -> Result<T, EvaluationError> {
        if let Some(fuel) = reply.fuel {
            self.fuel = Some(self.fuel.unwrap_or_default().saturating_add(fuel));
        }
        self.log.extend(reply.log);
        reply.result
    }
}

fn denies(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Deny)
}

fn of_fault(fault: &EvaluationError) -> &[Finding] {
    match fault {
        EvaluationError::Settings(findings) => findings,
        _ => &[],
    }
}
