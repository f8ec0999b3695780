//! The policies of all layers with the facts they want to know: all that can be asked about the egresses of one command.
//!
//! Pure. A question is a value and so is its answer. Knows neither where policies and facts come from, nor what is printed,
//! nor which answer stops a command.

use std::collections::BTreeMap;
use std::sync::Arc;

use egress_core::dialect::Part;
use egress_core::dialect::metadata_patch::MetadataPatch;
use egress_core::intent::GatewayName;
use egress_core::inventory::Egress;
use egress_core::metadata::Record;
use egress_core::names::ChosenNames;
use egress_core::opened::Opened;
use egress_core::recorded_policies::{self, RecordedPolicy};
use egress_core::snapshot::{GatewayFacts, NodeFacts, Snapshot};
use jiff::Timestamp;

use crate::audit::{self, Audit};
use crate::descriptor::Hook;
use crate::hosts::{self, Evaluation};
use crate::naming::{self, Naming};
use crate::pinning::{self, NoFittingGateway, Pinning};
use crate::policy_set::PolicySet;
use crate::report::Status;
use crate::request::Request;
use crate::request_builder::{self, Facts, RequestedEgress};
use crate::slots;

/// What can be asked of the policies of one command.
#[derive(Debug)]
pub struct PolicyEvaluator {
    policies: PolicySet,
    facts: Facts,
    nodes: Vec<NodeFacts>,
    now: Timestamp,
}

/// What the policies answer about the objects of one egress.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamesEvaluation {
    /// Each answer, and what they come to.
    pub answers: Naming,
    /// The names; `None`: no policy names objects, so existing ones keep theirs.
    pub names: Option<ChosenNames>,
    /// Labels and annotations for the objects.
    pub metadata: MetadataPatch,
}

impl PolicyEvaluator {
    /// Policies with what is known of the cluster. `nodes` are all nodes of the cluster, empty if no policy needs them;
    /// `now` is for exceptions and for policies that need the time.
    pub fn new(policies: PolicySet, facts: Facts, nodes: Vec<NodeFacts>, now: Timestamp) -> Self {
        let facts = Facts {
            nodes: Arc::new(nodes.iter().map(request_builder::node).collect()),
            now: u64::try_from(now.as_second()).ok(),
            ..facts
        };
        PolicyEvaluator { policies, facts, nodes, now }
    }

    /// The same with the labels of more namespaces.
    #[must_use]
    pub fn with_namespaces(mut self, labels: BTreeMap<String, BTreeMap<String, String>>) -> Self {
        self.facts.namespace_labels.extend(labels);
        self
    }

    /// The policies.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Whether no policy is configured: then every answer is an allowance.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Whether the labels of this namespace are known.
    pub fn knows_namespace(&self, namespace: &str) -> bool {
        self.facts.namespace_labels.contains_key(namespace)
    }

    /// The policies as objects record them.
    pub fn recorded(&self) -> Vec<RecordedPolicy> {
        self.policies.recorded()
    }

    /// Which of these hosts may be reached.
    pub fn hosts(&self, verb: &str, requested: &RequestedEgress<'_>) -> Evaluation {
        self.decide(&request_builder::request(verb, requested, &self.facts))
    }

    /// On which nodes the traffic may leave.
    pub fn placement(&self, verb: &str, requested: &RequestedEgress<'_>) -> Pinning {
        self.pin(&request_builder::request(verb, requested, &self.facts))
    }

    /// The gateway, of all or only the wanted one, whose pods run where the traffic may leave; `None`: any gateway will do,
    /// or there is none.
    ///
    /// # Errors
    /// [`NoFittingGateway`] tells of every gateway why it does not fit.
    pub fn gateway<'a>(
        &self,
        placement: &Pinning,
        wanted: Option<&GatewayName>,
        snapshot: &'a Snapshot,
    ) -> Result<Option<&'a GatewayFacts>, NoFittingGateway> {
        if !placement.demands_anything() {
            return Ok(None);
        }
        let eligible = |gateway: &&GatewayFacts| wanted.is_none_or(|wanted| gateway.name == *wanted);
        let gateways: Vec<&GatewayFacts> = snapshot.gateways.iter().filter(eligible).collect();
        pinning::choose(placement, &gateways, &self.nodes)
    }

    /// What the objects of one egress are called, and which labels and annotations they get. `parts` are its objects with
    /// their default names.
    pub fn names(&self, record: &Record, parts: &[Part]) -> NamesEvaluation {
        let recorded = recorded_policies::to_text(&self.recorded());
        let policies = Some(recorded).filter(|text| !text.is_empty());
        if self.policies.naming.is_none() && !self.policies.hooks().contains(&Hook::Naming) {
            let metadata = MetadataPatch { policies, ..MetadataPatch::default() };
            return NamesEvaluation { metadata, ..NamesEvaluation::default() };
        }
        let slots = slots::slots(record, parts);
        let request = request_builder::request("add", &RequestedEgress::of(&record.intent), &self.facts);
        let answers = naming::name(&self.policies, &request, &slots);
        if answers.status() != Status::Allowed {
            return NamesEvaluation { answers, ..NamesEvaluation::default() };
        }
        let (names, metadata) = slots::chosen(&record.intent, &slots, &answers.names);
        NamesEvaluation { answers, names: Some(names), metadata: MetadataPatch { policies, ..metadata } }
    }

    /// Why the gateway of an egress is not on the nodes that current policies require; `None`: no requirement.
    pub fn placement_violations(
        &self,
        egress: &Egress<'_>,
        snapshot: &Snapshot,
    ) -> Option<Vec<pinning::PlacementViolation>> {
        let record = egress.readable_record()?;
        let placement = self.placement("audit", &RequestedEgress::of(&record.intent));
        let gateway = snapshot.gateway(&record.intent.gateway).filter(|_| placement.demands_anything())?;
        Some(self.check(&placement, gateway))
    }

    /// What today's policies say about egresses.
    pub fn audit(&self, snapshot: &Snapshot, egresses: &[Egress<'_>]) -> Audit {
        audit::audit(self, snapshot, egresses)
    }

    /// The same, and what they say about all else that is open.
    pub fn audit_opened(&self, snapshot: &Snapshot, egresses: &[Egress<'_>], opened: &Opened) -> Audit {
        audit::audit_opened(self, snapshot, egresses, opened)
    }

    /// The request that an existing egress would be, if it were added today.
    pub(crate) fn request_of(&self, egress: &Egress<'_>) -> Request {
        match egress.readable_record() {
            Some(record) => {
                request_builder::request("audit", &RequestedEgress::of(&record.intent), &self.facts)
            }
            None => request_builder::foreign(egress, &self.facts),
        }
    }

    /// Whether a host may be reached that an object opens by these ports and protocols.
    pub(crate) fn opening<'a>(
        &self,
        namespace: &str,
        host: &str,
        ports: impl Iterator<Item = (u16, &'a str)>,
    ) -> Evaluation {
        self.decide(&request_builder::opening(namespace, host, ports, &self.facts))
    }

    pub(crate) fn decide(&self, request: &Request) -> Evaluation {
        hosts::decide(&self.policies, request, Some(self.now))
    }

    pub(crate) fn pin(&self, request: &Request) -> Pinning {
        pinning::pin(&self.policies, request)
    }

    pub(crate) fn check(
        &self,
        placement: &Pinning,
        gateway: &GatewayFacts,
    ) -> Vec<pinning::PlacementViolation> {
        pinning::check(placement, gateway, &self.nodes)
    }

    /// Whether a module answers this question.
    pub(crate) fn asks_modules(&self, hook: Hook) -> bool {
        self.policies.with_hook(hook).any(|policy| policy.digest.is_some())
    }
}

impl NamesEvaluation {
    /// What the answers come to. Only if they are allowed, there are names and metadata.
    pub fn status(&self) -> Status {
        self.answers.status()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use egress_core::dialect;
    use egress_core::host::DnsName;
    use egress_core::intent::{GatewayTls, Intent, Layout};
    use egress_core::port::Port;
    use egress_core::snapshot::MeshFacts;

    use super::*;
    use crate::policy_set::{Layer, LoadedPolicy, NamingOwner};
    use crate::rules::Rules;

    const LIST: &str = r#"{"deny": ["evil.example.com"]}"#;

    fn evaluator(settings: &str) -> PolicyEvaluator {
        let rules = Rules::new(settings).unwrap();
        let loaded = LoadedPolicy {
            name: "baseline".to_owned(),
            layer: Layer::User,
            digest: None,
            settings: settings.to_owned(),
            hooks: crate::Policy::hooks(&rules).clone(),
            on_deny: None,
            policy: Arc::new(rules),
        };
        let policies = PolicySet { policies: vec![loaded], ..PolicySet::default() };
        let labels = [("shop".to_owned(), [("team".to_owned(), "web".to_owned())].into())].into();
        let facts = Facts { namespace_labels: labels, ..Facts::default() };
        let node = NodeFacts { name: "infra-1".to_owned(), ready: true, ..NodeFacts::default() };
        PolicyEvaluator::new(policies, facts, vec![node], Timestamp::UNIX_EPOCH)
    }

    fn record() -> Record {
        let intent = Intent {
            host: DnsName::parse("a.example.com").unwrap(),
            ports: BTreeSet::from([Port::TLS]),
            namespace: "shop".to_owned(),
            gateway: GatewayFacts::stock().name,
            layout: Layout::Shared,
            hop: GatewayTls::Mtls,
            export_to: vec![".".to_owned()],
            reason: None,
        };
        Record { intent, names: ChosenNames::default(), added_at: None, added_by: None }
    }

    fn names(evaluator: &PolicyEvaluator) -> NamesEvaluation {
        let record = record();
        let parts = dialect::build(&record, &GatewayFacts::stock(), &MeshFacts::default()).unwrap();
        evaluator.names(&record, &parts)
    }

    #[test]
    fn requests_of_one_command_share_the_nodes() {
        let evaluator = evaluator(LIST);
        let record = record();
        let requested = RequestedEgress::of(&record.intent);
        let one = request_builder::request("add", &requested, &evaluator.facts);
        let other = request_builder::request("add", &requested, &evaluator.facts);
        assert!(Arc::ptr_eq(&one.nodes, &other.nodes) && Arc::ptr_eq(&one.existing, &other.existing));
        assert_eq!(one.namespace_labels["team"], "web");
        assert!(one.for_naming(&[], "{}").nodes.is_empty());
    }

    #[test]
    fn without_a_naming_policy_existing_objects_keep_their_names() {
        let evaluation = names(&evaluator(LIST));
        assert_eq!((evaluation.status(), evaluation.names), (Status::Allowed, None));
        assert!(evaluation.metadata.policies.is_some_and(|policies| policies.starts_with("baseline@")));
    }

    #[test]
    fn names_that_cannot_be_used_come_without_metadata() {
        let mut evaluator = evaluator(r#"{"names": "eg-{host-slug}"}"#);
        assert!(names(&evaluator).names.is_some_and(|names| !names.is_default()));
        evaluator.policies.naming = Some(NamingOwner { policy: "missing".to_owned(), layer: Layer::User });
        let evaluation = names(&evaluator);
        assert_eq!(evaluation.status(), Status::Undecided);
        assert_eq!((evaluation.names, evaluation.metadata), (None, MetadataPatch::default()));
    }

    /// Of the kind: a question that policies answer and no command asks, so that what they deny happens all the same.
    #[test]
    fn every_question_that_policies_answer_is_asked() {
        let mut evaluator = evaluator(LIST);
        for loaded in &mut evaluator.policies.policies {
            loaded.hooks = Hook::ALL.into();
        }
        let record = record();
        let requested = RequestedEgress::of(&record.intent);
        let hosts = evaluator.hosts("add", &requested).reports;
        let nodes = evaluator.placement("add", &requested).reports;
        let names = names(&evaluator).answers.reports;
        let asked: BTreeSet<Hook> =
            [hosts, nodes, names].iter().flatten().map(|report| report.hook).collect();
        assert_eq!(asked, Hook::ALL.into());
    }
}
