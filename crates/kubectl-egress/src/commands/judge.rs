//! Asking the organisation's policies, and making a refusal of what they deny.
//!
//! Knows which facts a policy may ask for and where they are read. What the answers come to is decided in
//! `egress_core::policy`.

use std::collections::BTreeMap;

use egress_cluster::access::User;
use egress_cluster::{Cluster, ClusterError};
use egress_core::intent::GatewayName;
use egress_core::inventory::{self, Egress};
use egress_core::metadata::Record;
use egress_core::names::Names;
use egress_core::policy::audit::{self, Audit};
use egress_core::policy::descriptor::{Hook, Need};
use egress_core::policy::hosts::{self, Judgement};
use egress_core::policy::member::Assembly;
use egress_core::policy::naming;
use egress_core::policy::pinning::{self, Pinning};
use egress_core::policy::question::{self, Facts, Subject};
use egress_core::policy::recorded::{self, Recorded};
use egress_core::policy::report::{Report, Status};
use egress_core::policy::slots;
use egress_core::shape::Part;
use egress_core::shape::dress::Dress;
use egress_core::snapshot::{GatewayFacts, NodeFacts, Snapshot};
use egress_render::format::OutputFormat;
use egress_render::policy as view;
use jiff::Timestamp;

use super::document;
use crate::exit::{Code, Failure};
use crate::policies;
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// The policies of all layers, with the facts they asked for.
pub(super) struct Judge {
    assembly: Assembly,
    facts: Facts,
    /// The labels of the namespaces that were asked about.
    namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    nodes: Vec<NodeFacts>,
    now: Timestamp,
}

/// What a judge is appointed for.
pub(super) struct Occasion<'a> {
    /// `None`: no cluster is asked.
    pub cluster: Option<&'a Cluster>,
    pub snapshot: &'a Snapshot,
    pub user: Option<&'a User>,
}

impl Judge {
    /// Loads the policies and reads what they need, and nothing else.
    pub(super) async fn appoint(
        settings: &PolicySettings,
        occasion: &Occasion<'_>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Self> {
        let root = &occasion.snapshot.mesh.root_namespace;
        let assembly = policies::load(settings, occasion.cluster, root, terminal).await?;
        let mut judge = Judge {
            assembly,
            facts: Facts { explain: settings.explain, ..Facts::default() },
            namespace_labels: BTreeMap::new(),
            nodes: Vec::new(),
            now: Timestamp::now(),
        };
        judge.learn_facts(occasion).await?;
        Ok(judge)
    }

    /// Reads the labels of a namespace, if a policy needs them.
    pub(super) async fn learn_namespace(
        &mut self,
        namespace: &str,
        occasion: &Occasion<'_>,
    ) -> Result<(), ClusterError> {
        let needed = self.assembly.needs().contains(&Need::NamespaceLabels);
        if let Some(cluster) = occasion.cluster.filter(|_| needed)
            && !self.namespace_labels.contains_key(namespace)
        {
            let labels = cluster.namespace_labels(namespace).await?;
            self.namespace_labels.insert(namespace.to_owned(), labels);
        }
        Ok(())
    }

    async fn learn_facts(&mut self, occasion: &Occasion<'_>) -> Result<(), ClusterError> {
        if self.is_idle() {
            return Ok(());
        }
        let Occasion { cluster, snapshot, user } = occasion;
        let needs = self.assembly.needs();
        let facts = &mut self.facts;
        facts.cluster = cluster.map(|cluster| cluster.server().to_owned()).unwrap_or_default();
        facts.now = u64::try_from(self.now.as_second()).ok();
        facts.user = user.map(|user| user.name.clone());
        facts.groups = user.map(|user| user.groups.clone()).unwrap_or_default();
        facts.existing = inventory::egresses(snapshot).iter().map(question::existing).collect();
        let Some(cluster) = cluster else { return Ok(()) };
        if needs.contains(&Need::Nodes) || self.assembly.hooks().contains(&Hook::Pinning) {
            self.nodes = cluster.nodes().await?;
            facts.nodes = self.nodes.iter().map(question::node).collect();
        }
        Ok(())
    }

    /// Whether there is anybody to ask.
    pub(super) fn is_idle(&self) -> bool {
        self.assembly.is_empty()
    }

    /// Which hosts may be reached. Says on stderr what there is to say; where a document was asked for, a refusal is one.
    ///
    /// # Errors
    /// A denial, or a policy that could not decide.
    pub(super) fn hosts(
        &self,
        verb: &str,
        subject: &Subject<'_>,
        output: Option<&OutputFormat>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        if self.is_idle() {
            return Ok(());
        }
        let judgement = self.judgement(verb, subject);
        let text = view::judgement(&judgement, self.facts.explain, &terminal.palette());
        if !text.is_empty() {
            terminal.show(&text);
        }
        let refusal = refuse(judgement.status(), &judgement.reports);
        let is_document = |format: &&OutputFormat| !matches!(format, OutputFormat::Name | OutputFormat::Wide);
        if let (Err(_), Some(format)) = (&refusal, output.filter(is_document)) {
            terminal.result(&document::text(&view::document(&judgement)?, format)?)?;
        }
        Ok(refusal?)
    }

    fn judgement(&self, verb: &str, subject: &Subject<'_>) -> Judgement {
        let request = question::request(verb, subject, &self.facts_of(subject.namespace));
        hosts::decide(&self.assembly, &request, Some(self.now))
    }

    /// The gateway whose pods run where they may; `None`: nothing is demanded of nodes.
    ///
    /// # Errors
    /// A denial: no gateway runs where it may. A policy that could not decide.
    pub(super) fn gateway<'a>(
        &self,
        wanted: Option<&GatewayName>,
        subject: &Subject<'_>,
        snapshot: &'a Snapshot,
        terminal: &mut Terminal,
    ) -> Result<Option<&'a GatewayFacts>, Failure> {
        let pinning = self.pinning("add", subject);
        let text = view::pinning(&pinning, self.facts.explain, &terminal.palette());
        if !text.is_empty() {
            terminal.show(&text);
        }
        refuse(pinning.status(), &pinning.reports)?;
        if !pinning.demands_anything() {
            return Ok(None);
        }
        let eligible = |gateway: &&GatewayFacts| wanted.is_none_or(|wanted| gateway.name == *wanted);
        let gateways: Vec<GatewayFacts> = snapshot.gateways.iter().filter(eligible).cloned().collect();
        let chosen = pinning::choose(&pinning, &gateways, &self.nodes);
        let found = |gateway: &GatewayFacts| snapshot.gateway(&gateway.name);
        chosen.map(|gateway| gateway.and_then(found)).map_err(|misfit| {
            terminal.show(&view::misfit(&misfit, &terminal.palette()));
            Failure {
                code: Code::Denied,
                message: "no egress gateway runs on the nodes that the policies demand; nothing was written".to_owned(),
                hint: Some("move the gateway's pods, or ask the owner of the nodes; see them: `kubectl get pods -A -l istio=egressgateway -o wide`".to_owned()),
            }
        })
    }

    /// What is demanded of the nodes of a gateway.
    pub(super) fn pinning(&self, verb: &str, subject: &Subject<'_>) -> Pinning {
        pinning::pin(&self.assembly, &question::request(verb, subject, &self.facts_of(subject.namespace)))
    }

    /// What keeps the gateway of an egress from running where today's policies demand; `None`: nothing is demanded.
    pub(super) fn misfits(&self, egress: &Egress, snapshot: &Snapshot) -> Option<Vec<pinning::Row>> {
        let record = egress.readable_record()?;
        let pinning = self.pinning("audit", &Subject::of(&record.intent));
        let gateway = snapshot.gateway(&record.intent.gateway).filter(|_| pinning.demands_anything())?;
        Some(pinning::check(&pinning, gateway, &self.nodes))
    }

    /// What today's policies say about what exists.
    pub(super) fn audit(&self, snapshot: &Snapshot, egresses: &[Egress]) -> Audit {
        let scene = audit::Scene {
            assembly: &self.assembly,
            snapshot,
            nodes: &self.nodes,
            facts: &self.facts,
            namespace_labels: &self.namespace_labels,
            now: self.now,
        };
        audit::audit(&scene, egresses)
    }

    /// The policies as objects record them.
    pub(super) fn recorded(&self) -> Vec<Recorded> {
        self.assembly.recorded()
    }

    fn facts_of(&self, namespace: &str) -> Facts {
        let labels = self.namespace_labels.get(namespace).cloned().unwrap_or_default();
        Facts { namespace_labels: labels, ..self.facts.clone() }
    }

    /// What the objects of one request are called, and what is put on them.
    ///
    /// # Errors
    /// Names that two policies disagree about, or that cannot be used.
    pub(super) fn naming(
        &self,
        record: &Record,
        parts: &[Part],
        terminal: &mut Terminal,
    ) -> Result<(Option<Names>, Dress), Failure> {
        if self.is_idle() {
            return Ok((None, Dress::default()));
        }
        let recorded = recorded::to_text(&self.recorded());
        let policies = Some(recorded).filter(|text| !text.is_empty());
        if !self.assembly.hooks().contains(&Hook::Naming) {
            return Ok((None, Dress { policies, ..Dress::default() }));
        }
        let slots = slots::slots(record, parts);
        let facts = self.facts_of(&record.intent.namespace);
        let request = question::request("add", &Subject::of(&record.intent), &facts);
        let naming = naming::name(&self.assembly, &request, &slots);
        let text = view::names(&naming, self.facts.explain, &terminal.palette());
        if !text.is_empty() {
            terminal.show(&text);
        }
        match naming.status() {
            Status::Allowed => {
                let (names, dress) = slots::chosen(&record.intent, &slots, &naming.names);
                Ok((Some(names), Dress { policies, ..dress }))
            }
            status => Err(Failure { code: code(status), message: view::naming(&naming), hint: None }),
        }
    }
}

/// The refusal that a status stands for.
fn refuse(status: Status, reports: &[Report]) -> Result<(), Failure> {
    let names = |status: Status| {
        let by = reports.iter().filter(|report| report.status() == status);
        let names: Vec<String> = by.map(|report| report.author.to_string()).collect();
        names.join(", ")
    };
    match status {
        Status::Allowed => Ok(()),
        Status::Denied => Err(Failure {
            code: Code::Denied,
            message: match names(status) {
                by if by.is_empty() => "denied: no policy allows it; nothing was written".to_owned(),
                by => format!("denied by policy {by}; nothing was written"),
            },
            hint: Some("how each policy came to its answer shows `--explain`".to_owned()),
        }),
        Status::Undecided => Err(Failure {
            code: Code::Undecided,
            message: format!(
                "policy {} could not decide, so that it is refused; nothing was written",
                names(status)
            ),
            hint: Some(
                "tell the policy's owner; `kubectl egress policy list` says where it comes from".to_owned(),
            ),
        }),
    }
}

fn code(status: Status) -> Code {
    match status {
        Status::Allowed => Code::Done,
        Status::Denied => Code::Denied,
        Status::Undecided => Code::Undecided,
    }
}
