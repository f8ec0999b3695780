//! What the policies say about one command: said on stderr, and a refusal where it is one.
//!
//! Knows which answer stops a command. What several answers come to is decided in `egress_policy`.

use egress_core::intent::GatewayName;
use egress_core::metadata::Record;
use egress_core::names::Names;
use egress_core::recorded_policies;
use egress_core::shape::Part;
use egress_core::shape::dress::Dress;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_policy::descriptor::Hook;
use egress_policy::hosts::{self, Judgement};
use egress_policy::naming;
use egress_policy::pinning;
use egress_policy::question::{self, Subject};
use egress_policy::report::Status;
use egress_policy::slots;
use egress_render::format::OutputFormat;
use egress_render::policy as view;

use super::Judge;
use super::refusal;
use crate::commands::document;
use crate::exit::Failure;
use crate::terminal::Terminal;

impl Judge {
    /// Which hosts may be reached. Says on stderr what there is to say; where a document was asked for, a refusal is one.
    ///
    /// # Errors
    /// A denial, or a policy that could not decide.
    pub(in crate::commands) fn hosts(
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
        let refusal = refusal::of(judgement.status(), &judgement.reports);
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

    /// The gateway whose pods run on allowed nodes; `None`: no requirement for nodes.
    ///
    /// # Errors
    /// A denial: no gateway runs where it may. A policy that could not decide.
    pub(in crate::commands) fn gateway<'a>(
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
        refusal::of(pinning.status(), &pinning.reports)?;
        if !pinning.demands_anything() {
            return Ok(None);
        }
        let eligible = |gateway: &&GatewayFacts| wanted.is_none_or(|wanted| gateway.name == *wanted);
        let gateways: Vec<GatewayFacts> = snapshot.gateways.iter().filter(eligible).cloned().collect();
        let chosen = pinning::choose(&pinning, &gateways, &self.nodes);
        let found = |gateway: &GatewayFacts| snapshot.gateway(&gateway.name);
        chosen.map(|gateway| gateway.and_then(found)).map_err(|misfit| {
            terminal.show(&view::misfit(&misfit, &terminal.palette()));
            refusal::of_nodes(&misfit)
        })
    }

    /// What the objects of one request are called, and what is put on them.
    ///
    /// # Errors
    /// Names that two policies disagree about, or that cannot be used.
    pub(in crate::commands) fn naming(
        &self,
        record: &Record,
        parts: &[Part],
        terminal: &mut Terminal,
    ) -> Result<(Option<Names>, Dress), Failure> {
        if self.is_idle() {
            return Ok((None, Dress::default()));
        }
        let recorded = recorded_policies::to_text(&self.recorded());
        let policies = Some(recorded).filter(|text| !text.is_empty());
        let nobody = self.assembly.naming.is_none() && !self.assembly.hooks().contains(&Hook::Naming);
        if nobody {
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
            status => Err(refusal::of_names(status, &naming)),
        }
    }
}
