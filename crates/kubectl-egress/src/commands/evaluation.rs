//! What the policies say about one command: printed on stderr, and a refusal where their answer is one.
//!
//! Knows which answer stops a command. The policies are asked in `egress-policy`.

mod refusal;

use egress_core::dialect::metadata_patch::MetadataPatch;
use egress_core::names::ChosenNames;
use egress_policy::evaluator::NamesEvaluation;
use egress_policy::hosts::Evaluation;
use egress_policy::pinning::{NoFittingGateway, Pinning};
use egress_policy::report::Status;
use egress_render::format::OutputFormat;
use egress_render::policy as view;

use super::document;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Prints what the policies say about hosts; with an output format, a refusal is a document on stdout.
///
/// # Errors
/// A denial, or a policy that could not decide.
pub(super) fn require_hosts(
    evaluation: &Evaluation,
    explain: bool,
    output: Option<&OutputFormat>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    show(&view::evaluation(evaluation, explain, &terminal.palette()), terminal);
    let refusal = refusal::of(evaluation.status(), &evaluation.reports);
    let is_document = |format: &&OutputFormat| !matches!(format, OutputFormat::Name | OutputFormat::Wide);
    if let (Err(_), Some(format)) = (&refusal, output.filter(is_document)) {
        terminal.result(&document::text(&view::document(evaluation)?, format)?)?;
    }
    Ok(refusal?)
}

/// Prints what the policies say about nodes.
///
/// # Errors
/// A denial, or a policy that could not decide.
pub(super) fn require_placement(
    evaluation: &Pinning,
    explain: bool,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    show(&view::pinning(evaluation, explain, &terminal.palette()), terminal);
    refusal::of(evaluation.status(), &evaluation.reports)
}

/// Prints why no gateway fits, and returns the refusal.
pub(super) fn no_gateway(none: &NoFittingGateway, terminal: &mut Terminal) -> Failure {
    terminal.show(&view::no_fitting_gateway(none, &terminal.palette()));
    refusal::of_nodes(none)
}

/// Prints what the policies say about names, and returns the names, labels and annotations.
///
/// # Errors
/// Names that two policies disagree about, or that cannot be used.
pub(super) fn require_names(
    evaluation: NamesEvaluation,
    explain: bool,
    terminal: &mut Terminal,
) -> Result<(Option<ChosenNames>, MetadataPatch), Failure> {
    show(&view::names(&evaluation.answers, explain, &terminal.palette()), terminal);
    match evaluation.status() {
        Status::Allowed => Ok((evaluation.names, evaluation.metadata)),
        status => Err(refusal::of_names(status, &evaluation.answers)),
    }
}

fn show(text: &str, terminal: &mut Terminal) {
    if !text.is_empty() {
        terminal.show(text);
    }
}
