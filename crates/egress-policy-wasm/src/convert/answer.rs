//! Answers as the core has them: within bounds, cleaned, and about nothing that was not asked.
//!
//! Text for people is cleaned and cut. Text that names something is never changed, as it would name something else: it
//! is refused where it cannot be right.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::intent::Layout;
use egress_policy::answer::{
    Decision, EvaluationError, Finding, Name, Names, Operator, Pin, PinAnswer, Placement, Requirement,
    Ruling, Severity, Spread, Step, Verdict,
};
use egress_policy::request::Slot;

use crate::bindings::exports::kubectl_egress::policy::{hosts, naming, pinning};
use crate::bindings::kubectl_egress::policy::types;
use crate::descriptor::is_kebab_case;
use crate::limits::Limits;
use crate::{text, words};

/// Reads one answer, and counts what is in it.
pub(crate) struct AnswerReader<'a> {
    limits: &'a Limits,
    destinations: usize,
    findings: usize,
}

impl<'a> AnswerReader<'a> {
    /// For the answer to a request with so many destinations.
    pub(crate) fn new(limits: &'a Limits, destinations: usize) -> Self {
        Self { limits, destinations, findings: 0 }
    }

    /// The answer of `hosts`.
    pub(crate) fn verdict(&mut self, told: hosts::Verdict) -> Result<Verdict, EvaluationError> {
        let mut ruled = BTreeSet::new();
        let mut rulings = Vec::new();
        for ruling in told.rulings {
            let index = ruling.destination;
            if usize::try_from(index).is_ok_and(|index| index >= self.destinations) {
                return bad(format!("it rules on destination {index} of {}", self.destinations));
            }
            if !ruled.insert(index) {
                return bad(format!("it rules on destination {index} twice"));
            }
            rulings.push(Ruling {
                destination: index,
                decision: match ruling.decision {
                    hosts::Decision::Allow => Decision::Allow,
                    hosts::Decision::Deny => Decision::Deny,
                    hosts::Decision::Abstain => Decision::Abstain,
                },
                routes: one_of("route", ruling.routes, &["mtls", "plain", "passthrough"])?,
                layouts: one_of("layout", ruling.layouts, &Layout::ALL.map(Layout::word))?,
                findings: self.findings(ruling.findings)?,
            });
        }
        Ok(Verdict { rulings, findings: self.findings(told.findings)?, trace: self.trace(told.trace) })
    }

    /// The answer of `naming`.
    pub(crate) fn names(&mut self, told: naming::Names, slots: &[Slot]) -> Result<Names, EvaluationError> {
        let asked: BTreeSet<u32> = slots.iter().map(|slot| slot.id).collect();
        let mut done = BTreeSet::new();
        let mut names = Vec::new();
        for name in told.names {
            if !asked.contains(&name.slot) {
                return bad(format!("it names slot {}, which was not asked for", name.slot));
            }
            if !done.insert(name.slot) {
                return bad(format!("it names slot {} twice", name.slot));
            }
            names.push(Name {
                slot: name.slot,
                name: self.identifier("name", name.name)?,
                namespace: name
                    .namespace
                    .map(|namespace| self.identifier("namespace", namespace))
                    .transpose()?,
                labels: self.labels(name.labels)?,
                annotations: self.labels(name.annotations)?,
            });
        }
        Ok(Names { names, findings: self.findings(told.findings)?, trace: self.trace(told.trace) })
    }

    /// The answer of `pinning`.
    pub(crate) fn pin(&mut self, told: pinning::Pin) -> Result<Pin, EvaluationError> {
        let answer = match told.answer {
            pinning::Answer::Abstain => PinAnswer::Abstain,
            pinning::Answer::AnyNode => PinAnswer::AnyNode,
            pinning::Answer::Place(placement) => PinAnswer::Place(self.placement(placement)?),
        };
        Ok(Pin { answer, findings: self.findings(told.findings)?, trace: self.trace(told.trace) })
    }

    /// Why it could not decide.
    pub(crate) fn failure(&mut self, told: types::Failure) -> EvaluationError {
        match told {
            types::Failure::Settings(findings) => match self.findings(findings) {
                Ok(findings) => EvaluationError::Settings(findings),
                Err(fault) => fault,
            },
            types::Failure::MissingFact(fact) => EvaluationError::MissingFact(self.clean(&fact)),
            types::Failure::Internal(words) => EvaluationError::Internal(self.clean(&words)),
        }
    }

    /// What it has to say.
    pub(crate) fn findings(&mut self, told: Vec<types::Finding>) -> Result<Vec<Finding>, EvaluationError> {
        self.findings += told.len();
        let limit = self.limits.findings.max(self.destinations.saturating_mul(2));
        if self.findings > limit {
            return bad(format!("it has more than {} findings", words::count(limit)));
        }
        told.into_iter().map(|finding| self.finding(finding)).collect()
    }

    fn finding(&self, told: types::Finding) -> Result<Finding, EvaluationError> {
        if !is_kebab_case(&told.code) {
            return bad(format!("the code {} of a finding is not in kebab-case", text::quoted(&told.code)));
        }
        let clean = |text: Option<String>| text.map(|text| self.clean(&text));
        Ok(Finding {
            code: told.code,
            severity: match told.severity {
                types::Severity::Deny => Severity::Deny,
                types::Severity::Warn => Severity::Warn,
                types::Severity::Info => Severity::Info,
            },
            message: self.clean(&told.message),
            path: clean(told.path),
            remediation: clean(told.remediation),
            docs: clean(told.docs),
            evidence: told
                .evidence
                .iter()
                .map(|label| (self.clean(&label.key), self.clean(&label.value)))
                .collect(),
        })
    }

    fn trace(&self, told: Vec<types::Step>) -> Vec<Step> {
        let step = |step: types::Step| Step {
            rule: self.clean(&step.rule),
            outcome: self.clean(&step.outcome),
            detail: self.clean(&step.detail),
        };
        told.into_iter().take(self.limits.steps).map(step).collect()
    }

    fn placement(&self, told: pinning::Placement) -> Result<Placement, EvaluationError> {
        let requirements = |told: Vec<pinning::Requirement>| -> Result<Vec<Requirement>, EvaluationError> {
            told.into_iter().map(|requirement| self.requirement(requirement)).collect()
        };
        Ok(Placement {
            required: requirements(told.required)?,
            preferred: requirements(told.preferred)?,
            spread: match told.spread {
                Some(spread) => {
                    Some(Spread { key: self.identifier("label", spread.key)?, at_least: spread.at_least })
                }
                None => None,
            },
            min_nodes: told.min_nodes,
        })
    }

    fn requirement(&self, told: pinning::Requirement) -> Result<Requirement, EvaluationError> {
        let key = self.identifier("label", told.key)?;
        let values: Result<Vec<String>, EvaluationError> =
            told.values.into_iter().map(|value| self.text("value of a label", value)).collect();
        let values = values?;
        let operator = match told.op {
            pinning::Op::InSet => Operator::In,
            pinning::Op::NotInSet => Operator::NotIn,
            pinning::Op::Exists => Operator::Exists,
            pinning::Op::Absent => Operator::DoesNotExist,
        };
        // As in Kubernetes, where a requirement without values can never be met and one with needless values is wrong.
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                bad(format!("its requirement on the label `{key}` compares it with no value"))
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                bad(format!("its requirement on the label `{key}` has values and needs none"))
            }
            operator => Ok(Requirement { key, operator, values }),
        }
    }

    fn labels(&self, told: Vec<types::Label>) -> Result<BTreeMap<String, String>, EvaluationError> {
        let mut labels = BTreeMap::new();
        for label in told {
            let key = self.identifier("label", label.key)?;
            let value = self.text("value of a label", label.value)?;
            if labels.insert(key.clone(), value).is_some() {
                return bad(format!("it gives the label `{key}` two values"));
            }
        }
        Ok(labels)
    }

    /// Text that names something.
    fn identifier(&self, what: &str, told: String) -> Result<String, EvaluationError> {
        if told.is_empty() { bad(format!("a {what} in it is empty")) } else { self.text(what, told) }
    }

    /// Text that is used as it is.
    fn text(&self, what: &str, told: String) -> Result<String, EvaluationError> {
        if text::is_clean(&told, self.limits.text) {
            return Ok(told);
        }
        bad(format!(
            "a {what} in it has hidden characters or more than {}: {}",
            words::size(self.limits.text),
            text::quoted(&told)
        ))
    }

    fn clean(&self, told: &str) -> String {
        text::clean(told, self.limits.text)
    }
}

/// Words out of a set that is closed in this version.
fn one_of(what: &str, told: Vec<String>, known: &[&str]) -> Result<Vec<String>, EvaluationError> {
    match told.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => bad(format!("there is no {what} {}", text::quoted(word))),
        None => Ok(told),
    }
}

fn bad<T>(words: impl Into<String>) -> Result<T, EvaluationError> {
    Err(EvaluationError::BadAnswer(words.into()))
}
