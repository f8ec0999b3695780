//! What holds for any answers of any policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::answer::{EvaluationError, Finding, Names, Pin, Ruling, Severity, Verdict};
use crate::descriptor::Descriptor;
use crate::policy_set::LoadedPolicy;
use crate::request::Slot;
use crate::{Policy, Reply};

/// A policy that always answers the same.
#[derive(Clone, Debug)]
struct Fixed {
    descriptor: Descriptor,
    hooks: BTreeSet<Hook>,
    answer: Result<Verdict, EvaluationError>,
}

impl Policy for Fixed {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.hooks
    }

    fn check_settings(&self, _settings: &str) -> Reply<Vec<Finding>> {
        Reply::of(Vec::new())
    }

    fn decide(&self, _request: &Request) -> Reply<Verdict> {
        Reply { result: self.answer.clone(), log: Vec::new(), fuel: None }
    }

    fn name_objects(&self, _request: &Request, _slots: &[Slot]) -> Reply<Names> {
        Reply::of(Names::default())
    }

    fn pin_gateway(&self, _request: &Request) -> Reply<Pin> {
        Reply::of(Pin::default())
    }
}

fn finding() -> impl Strategy<Value = Finding> {
    let severity = prop_oneof![Just(Severity::Deny), Just(Severity::Warn), Just(Severity::Info)];
    ("[a-c]", severity).prop_map(|(code, severity)| Finding {
        severity,
        path: None,
        ..Finding::at(String::new(), &code, severity, "words".to_owned())
    })
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    proptest::collection::vec(finding(), 0..2)
}

fn answer() -> impl Strategy<Value = Result<Verdict, EvaluationError>> {
    let decision = prop_oneof![Just(Decision::Allow), Just(Decision::Deny), Just(Decision::Abstain)];
    let routes = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(vec!["mtls".to_owned()]),
        1 => Just(vec!["passthrough".to_owned()])
    ];
    let ruling =
        (0_u32..4, decision, routes, findings()).prop_map(|(destination, decision, routes, findings)| {
            Ruling { destination, decision, routes, layouts: Vec::new(), findings }
        });
    let verdict = (proptest::collection::vec(ruling, 0..4), findings());
    prop_oneof![
        8 => verdict.prop_map(|(rulings, findings)| Ok(Verdict { rulings, findings, trace: Vec::new() })),
        1 => Just(Err(EvaluationError::Limit("fuel".to_owned()))),
    ]
}

fn layer() -> impl Strategy<Value = Layer> {
    proptest::sample::select(Layer::ALL.to_vec())
}

fn loaded() -> impl Strategy<Value = LoadedPolicy> {
    (layer(), answer()).prop_map(|(layer, answer)| {
        let hooks = BTreeSet::from([Hook::Hosts]);
        let policy = Fixed { descriptor: Descriptor::default(), hooks: hooks.clone(), answer };
        let (name, settings) = ("a".to_owned(), "{}".to_owned());
        LoadedPolicy { name, layer, digest: None, settings, hooks, on_deny: None, policy: Arc::new(policy) }
    })
}

fn policies() -> impl Strategy<Value = PolicySet> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let default =
        prop_oneof![Just((None, Effect::Allow)), (layer(), effect).prop_map(|(by, of)| (Some(by), of))];
    (proptest::collection::vec(loaded(), 0..4), default).prop_map(|(policies, (default_by, default))| {
        PolicySet { policies, default, default_by, ..PolicySet::default() }
    })
}

fn request(verb: &str) -> Request {
    let destination = |host: &str| Destination {
        host: host.to_owned(),
        port: 443,
        protocol: "TLS".to_owned(),
        route: "passthrough".to_owned(),
    };
    let destinations = vec![destination("a.example"), destination("b.example"), destination("c.example")];
    Request { verb: verb.to_owned(), layout: "shared".to_owned(), destinations, ..Request::default() }
}

proptest! {
    #[test]
    fn what_one_denies_and_what_one_could_not_decide_is_never_allowed(policies in policies()) {
        let evaluation = decide(&policies, &request("add"), None);
        for (index, outcome) in evaluation.outcomes.iter().enumerate() {
            let against = |report: &Report| report.fault.is_some() || report.findings.iter().any(|found| {
                found.finding.severity == Severity::Deny && found.destination.is_none_or(|about| about == index)
            });
            if evaluation.reports.iter().any(against) {
                prop_assert_ne!(outcome.status, Status::Allowed);
            }
        }
    }

    #[test]
    fn a_policy_of_a_lower_layer_opens_nothing(mut policies in policies(), mut added in loaded()) {
        policies.default_by = policies.default_by.map(|layer| layer.max(Layer::User));
        policies.policies.iter_mut().for_each(|loaded| loaded.layer = loaded.layer.max(Layer::User));
        added.layer = Layer::Flag;
        let before = decide(&policies, &request("add"), None);
        let mut more = policies.clone();
        more.policies.push(added);
        let after = decide(&more, &request("add"), None);
        for (before, after) in before.outcomes.iter().zip(&after.outcomes) {
            prop_assert!(before.status == Status::Allowed || after.status != Status::Allowed);
        }
    }

    #[test]
    fn the_order_of_policies_changes_no_status(policies in policies()) {
        let status = |policies: &PolicySet| -> Vec<Status> {
            decide(policies, &request("add"), None).outcomes.iter().map(|outcome| outcome.status).collect()
        };
        let mut turned = policies.clone();
        turned.policies.reverse();
        prop_assert_eq!(status(&policies), status(&turned));
    }

    #[test]
    fn what_nobody_wants_to_keep_may_be_removed(policies in policies()) {
        let evaluation = decide(&policies, &request("remove"), None);
        prop_assert_eq!(evaluation.status(), Status::Allowed);
    }
}
