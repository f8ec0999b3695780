//! What policies say, as text: refusals first, then warnings, each with what to do; with a trace where one is wanted.
//!
//! Knows words. Who may do what was decided in `egress_policy`.

mod page;

use egress_policy::answer::Severity;
use egress_policy::exception::{ExceptionStatus, ExceptionUse};
use egress_policy::hosts::{DestinationDecision, Evaluation};
use egress_policy::naming::Naming;
use egress_policy::pinning::{NoFittingGateway, Pinning};
use egress_policy::policy_set::Layer;
use egress_policy::report::{Report, Status};
use egress_policy::request::Destination;
use serde_json::{Value, json};

use self::page::{Block, Mark, page};
use crate::document::API_VERSION;
use crate::error::RenderError;
use crate::escape::escape;
use crate::palette::Palette;
use crate::table::Table;

/// What was said about the hosts of a command; no text where there is nothing to say. With `explain` everybody who was
/// asked is shown, with the trace, the log and the cost of the answer.
pub fn evaluation(evaluation: &Evaluation, explain: bool, palette: &Palette) -> String {
    let destinations: Vec<&Destination> =
        evaluation.outcomes.iter().map(|outcome| &outcome.destination).collect();
    let mut blocks: Vec<Block> = evaluation.reports.iter().flat_map(|one| said(one, &destinations)).collect();
    let by_default =
        |outcome: &&DestinationDecision| outcome.status == Status::Denied && outcome.by.is_empty();
    let denied = evaluation.outcomes.iter().filter(by_default);
    blocks.extend(denied.map(|outcome| default_denial(outcome, evaluation.default_by)));
    blocks.extend(evaluation.exceptions.iter().map(|used| exception(used, &destinations)));
    finished(blocks, &evaluation.reports, explain, palette)
}

/// What was said about nodes; no text where there is nothing to say.
pub fn pinning(pinning: &Pinning, explain: bool, palette: &Palette) -> String {
    let blocks = pinning.reports.iter().flat_map(|one| said(one, &[])).collect();
    finished(blocks, &pinning.reports, explain, palette)
}

/// What was said about names beside the names themselves; no text where there is nothing to say.
pub fn names(naming: &Naming, explain: bool, palette: &Palette) -> String {
    let blocks = naming.reports.iter().flat_map(|one| said(one, &[])).collect();
    finished(blocks, &naming.reports, explain, palette)
}

/// Why no gateway runs where the policies let traffic leave: what each pod lacks, and what is left of the nodes.
pub fn no_fitting_gateway(none: &NoFittingGateway, palette: &Palette) -> String {
    let mut table = Table::new(vec!["GATEWAY", "POD", "NODE", "MISSING", "DEMANDED-BY"]);
    for row in &none.rows {
        let by: Vec<String> = row.by.iter().map(ToString::to_string).collect();
        table.push(vec![
            row.gateway.to_string(),
            row.pod.clone().unwrap_or_default(),
            row.node.clone().unwrap_or_default(),
            row.missing.clone(),
            by.join(", "),
        ]);
    }
    let counted = |count: usize| if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
    let all = counted(none.nodes);
    let mut lines: Vec<String> = none
        .excluded
        .iter()
        .map(|excluded| format!("{} excludes {} of {all}", excluded.by, excluded.nodes))
        .collect();
    lines.push(match none.left {
        0 => format!("none of {all} is ready and accepted by all policies"),
        left => format!(
            "{left} of {all} are ready and accepted by all policies: a gateway must run on these nodes only"
        ),
    });
    format!("{}\n{}", table.render(true), page(&[Block::of_lines(&lines)], palette))
}

/// Why the objects cannot be named, in words for an error message.
pub fn naming(naming: &Naming) -> String {
    let mut sentences = Vec::new();
    for clash in &naming.clashes {
        let names: Vec<String> =
            clash.names.iter().map(|named| format!("{} says `{}`", named.by, named.name)).collect();
        let (kind, role) = (&clash.kind, &clash.role);
        sentences.push(format!("two policies name the {kind} `{role}` differently: {}", names.join(", ")));
    }
    sentences.extend(naming.clashes.first().map(|clash| {
        format!("choose the policy for names: write `{}` into egress-policy.yaml", clash.remedy())
    }));
    sentences.extend(
        naming
            .no_owner
            .as_ref()
            .map(|name| format!("`naming: {{use: {name}}}` means a policy that names nothing")),
    );
    for report in &naming.reports {
        sentences.extend(report.fault.as_ref().map(|fault| format!("policy {}: {fault}", report.by)));
        let denials = report.findings.iter().filter(|found| found.finding.severity == Severity::Deny);
        sentences.extend(denials.map(|found| {
            format!("policy {} denies: {} ({})", report.by, found.finding.message, found.finding.code)
        }));
    }
    escape(&sentences.join("; ")).into_owned()
}

/// The evaluation as the document `EgressJudgement`.
///
/// # Errors
/// [`RenderError::Json`] when it cannot be written.
pub fn document(evaluation: &Evaluation) -> Result<Value, RenderError> {
    let mut document =
        json!({ "apiVersion": API_VERSION, "kind": "EgressJudgement", "status": evaluation.status() });
    if let (Value::Object(document), Value::Object(body)) = (&mut document, serde_json::to_value(evaluation)?)
    {
        document.extend(body);
    }
    Ok(document)
}

/// Refusals, then policies that could not decide, then warnings; within these as the policies come.
fn finished(mut blocks: Vec<Block>, reports: &[Report], explain: bool, palette: &Palette) -> String {
    blocks.sort_by_key(|block| block.mark);
    if explain {
        blocks.extend(reports.iter().map(explanation));
    }
    page(&blocks, palette)
}

/// One block for each place and severity, with everything one policy says about it.
fn said(report: &Report, destinations: &[&Destination]) -> Vec<Block> {
    let author = report.by.to_string();
    let mut blocks: Vec<Block> = Vec::new();
    if let Some(fault) = &report.fault {
        let mut block = Block::new(Mark::Undecided, format!("hook {}", report.hook), author.clone());
        block.words(&fault.to_string());
        blocks.push(block);
    }
    for found in &report.findings {
        let mark = Mark::of(found.finding.severity);
        let place = match found.destination.and_then(|index| destinations.get(index)) {
            Some(destination) => address(destination),
            None => "the request".to_owned(),
        };
        let known = blocks.iter_mut().position(|block| block.mark == mark && block.place == place);
        let block = known.unwrap_or_else(|| {
            blocks.push(Block::new(mark, place, author.clone()));
            blocks.len() - 1
        });
        if let Some(block) = blocks.get_mut(block) {
            block.finding(&found.finding);
        }
    }
    for block in blocks.iter_mut().filter(|block| block.mark == Mark::Denied) {
        report.on_deny.iter().for_each(|words| block.field("note", words));
    }
    blocks
}

fn default_denial(outcome: &DestinationDecision, by: Option<Layer>) -> Block {
    let who = by.map_or_else(|| "default".to_owned(), |layer| format!("default ({layer})"));
    let among = match by {
        Some(Layer::Cluster) => " of the cluster layer".to_owned(),
        Some(layer @ (Layer::Repository | Layer::User)) => format!(" of the {layer} layer or a higher one"),
        Some(Layer::Flag) | None => String::new(),
    };
    let mut block = Block::new(Mark::Denied, address(&outcome.destination), who);
    block.words(&format!("no policy{among} allows it, and the default is to deny"));
    block
}

fn exception(used: &ExceptionUse, destinations: &[&Destination]) -> Block {
    let place = destinations.get(used.index).map(|destination| address(destination)).unwrap_or_default();
    let exception = &used.exception;
    let status = match used.status {
        ExceptionStatus::Holds => "holds".to_owned(),
        ExceptionStatus::Expired => "has expired".to_owned(),
        ExceptionStatus::TooLow => format!(
            "does not apply: it is in the {} layer, the policy in the {} layer",
            exception.layer, used.of.layer
        ),
    };
    let mut block = Block::new(Mark::Exception, place, used.of.to_string());
    block.words(&format!(
        "{}  until {}, approved by {}: {}; it {status}",
        exception.code, exception.until, exception.approved_by, exception.reason
    ));
    block
}

fn explanation(report: &Report) -> Block {
    let fuel = report.fuel.map(|fuel| format!(", fuel {fuel}")).unwrap_or_default();
    let mut block = Block::new(Mark::Asked, format!("hook {}", report.hook), format!("{}{fuel}", report.by));
    for step in &report.trace {
        block.words(&format!("{}: {}: {}", step.rule, step.outcome, step.detail));
    }
    if report.trace.is_empty() {
        block.words("it gives no reasons");
    }
    report.log.iter().for_each(|line| block.field("log", line));
    block
}

fn address(destination: &Destination) -> String {
    format!("{}:{}", destination.host, destination.port)
}
