//! Everybody who is asked about a command, with the facts they want to know.
//!
//! Knows which facts a policy may ask for and where they are read. What the answers come to is decided in
//! `egress_policy`.

mod refusal;
mod verdicts;

use std::collections::BTreeMap;

use anyhow::Context as _;
use egress_cluster::access::User;
use egress_cluster::{Cluster, ClusterError};
use egress_core::inventory::{self, Egress};
use egress_core::opened::Opened;
use egress_core::recorded_policies::Recorded;
use egress_core::snapshot::{NodeFacts, Snapshot};
use egress_policy::audit::{self, Audit};
use egress_policy::descriptor::{Hook, Need};
use egress_policy::member::Assembly;
use egress_policy::pinning::{self, Pinning};
use egress_policy::question::{self, Facts, Subject};
use jiff::Timestamp;

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
        let mesh = &occasion.snapshot.mesh;
        let assembly = policies::load(settings, occasion.cluster, mesh, terminal).await?;
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

    async fn learn_facts(&mut self, occasion: &Occasion<'_>) -> anyhow::Result<()> {
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
        if needs.contains(&Need::Existing) {
            facts.existing = inventory::egresses(snapshot).iter().map(question::existing).collect();
        }
        let Some(cluster) = cluster else { return Ok(()) };
        if needs.contains(&Need::Nodes) || self.assembly.hooks().contains(&Hook::Pinning) {
            self.nodes = cluster.nodes().await.context("the policies need the nodes")?;
            facts.nodes = self.nodes.iter().map(question::node).collect();
        }
        Ok(())
    }

    /// Whether there is anybody to ask.
    pub(super) fn is_idle(&self) -> bool {
        self.assembly.is_empty()
    }

    /// What the policies require of the nodes of a gateway.
    pub(super) fn pinning(&self, verb: &str, subject: &Subject<'_>) -> Pinning {
        pinning::pin(&self.assembly, &question::request(verb, subject, &self.facts_of(subject.namespace)))
    }

    /// Why the gateway of an egress is not on the nodes that current policies require; `None`: no requirement.
    pub(super) fn misfits(&self, egress: &Egress<'_>, snapshot: &Snapshot) -> Option<Vec<pinning::Row>> {
        let record = egress.readable_record()?;
        let pinning = self.pinning("audit", &Subject::of(&record.intent));
        let gateway = snapshot.gateway(&record.intent.gateway).filter(|_| pinning.demands_anything())?;
        Some(pinning::check(&pinning, gateway, &self.nodes))
    }

    /// What today's policies say about egresses.
    pub(super) fn audit(&self, snapshot: &Snapshot, egresses: &[Egress<'_>]) -> Audit {
        audit::audit(&self.scene(snapshot), egresses)
    }

    /// The same, and what they say about all else that is open.
    pub(super) fn audit_opened(
        &self,
        snapshot: &Snapshot,
        egresses: &[Egress<'_>],
        opened: &Opened,
    ) -> Audit {
        audit::audit_opened(&self.scene(snapshot), egresses, opened)
    }

    fn scene<'a>(&'a self, snapshot: &'a Snapshot) -> audit::Scene<'a> {
        audit::Scene {
            assembly: &self.assembly,
            snapshot,
            nodes: &self.nodes,
            facts: &self.facts,
            namespace_labels: &self.namespace_labels,
            now: self.now,
        }
    }

    /// The policies as objects record them.
    pub(super) fn recorded(&self) -> Vec<Recorded> {
        self.assembly.recorded()
    }

    fn facts_of(&self, namespace: &str) -> Facts {
        let labels = self.namespace_labels.get(namespace).cloned().unwrap_or_default();
        Facts { namespace_labels: labels, ..self.facts.clone() }
    }
}
