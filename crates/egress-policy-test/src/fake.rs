//! A policy in Rust for tests: it denies hosts that begin with `bad`.

use std::cell::Cell;
use std::collections::BTreeSet;

use egress_policy::answer::{
    Decision, EvaluationError, Finding, Name, Names, Operator, Pin, PinAnswer, Placement, Requirement,
    Ruling, Severity, Verdict,
};
use egress_policy::descriptor::{Descriptor, Hook, Need, Rule};
use egress_policy::request::{Request, Slot};
use egress_policy::{Policy, Reply};

pub(crate) struct Fake {
    pub(crate) descriptor: Descriptor,
    pub(crate) hooks: BTreeSet<Hook>,
    /// Gives another answer every second time.
    pub(crate) wavers: bool,
    /// Its answer depends on the first node.
    pub(crate) by_first_node: bool,
    pub(crate) calls: Cell<u64>,
}

impl Default for Fake {
    fn default() -> Self {
        Fake::with_hooks([Hook::Hosts])
    }
}

impl Fake {
    pub(crate) fn with_hooks(hooks: impl IntoIterator<Item = Hook>) -> Self {
        let rule = |code: &str| Rule { code: code.to_owned(), title: code.to_owned(), docs: None };
        Fake {
            descriptor: Descriptor {
                id: "fake".to_owned(),
                version: "1.0.0".to_owned(),
                needs: vec![Need::Nodes],
                rules: vec![rule("bad-host"), rule("bad-settings"), rule("never")],
                ..Descriptor::default()
            },
            hooks: hooks.into_iter().collect(),
            wavers: false,
            by_first_node: false,
            calls: Cell::new(0),
        }
    }
}

fn finding(code: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Deny,
        message: "this host is bad".to_owned(),
        path: Some("destinations[0].host".to_owned()),
        remediation: Some("call another host".to_owned()),
        docs: None,
        evidence: std::collections::BTreeMap::new(),
    }
}

impl Policy for Fake {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.hooks
    }

    fn check_settings(&self, settings: &str) -> Reply<Vec<Finding>> {
        Reply::of(if settings == "{}" { Vec::new() } else { vec![finding("bad-settings")] })
    }

    fn decide(&self, request: &Request) -> Reply<Verdict> {
        self.calls.set(self.calls.get() + 1);
        let by_node = self.by_first_node && request.nodes.first().is_some_and(|node| node.name == "b");
        let odd = (self.wavers && self.calls.get().is_multiple_of(2)) || by_node;
        let rulings = request.destinations.iter().enumerate().map(|(index, destination)| {
            let bad = destination.host.starts_with("bad") || odd;
            Ruling {
                destination: u32::try_from(index).unwrap(),
                decision: if bad { Decision::Deny } else { Decision::Allow },
                routes: vec!["passthrough".to_owned()],
                layouts: Vec::new(),
                findings: if bad { vec![finding("bad-host")] } else { Vec::new() },
            }
        });
        let verdict = Verdict { rulings: rulings.collect(), ..Verdict::default() };
        Reply { result: Ok(verdict), log: vec!["looked".to_owned()], fuel: Some(1234) }
    }

    fn name_objects(&self, _: &Request, slots: &[Slot]) -> Reply<Names> {
        let name = |slot: &Slot| Name {
            slot: slot.id,
            name: format!("x-{}", slot.role),
            namespace: None,
            labels: [("team".to_owned(), "web".to_owned())].into(),
            annotations: std::collections::BTreeMap::new(),
        };
        Reply::of(Names { names: slots.iter().map(name).collect(), ..Names::default() })
    }

    fn pin_gateway(&self, request: &Request) -> Reply<Pin> {
        if request.nodes.is_empty() {
            return Reply::error(EvaluationError::MissingFact("nodes".to_owned()));
        }
        let required =
            vec![Requirement { key: "infra".to_owned(), operator: Operator::Exists, values: Vec::new() }];
        let answer = PinAnswer::Place(Placement { required, ..Placement::default() });
        Reply::of(Pin { answer, ..Pin::default() })
    }
}
