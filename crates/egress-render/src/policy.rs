//! What policies say, as text: refusals first, then warnings, each with what to do; with a trace where one is wanted.
//!
//! Knows words and layout. Who may do what was decided in `egress_core::policy`.

use std::fmt::Write;

use anstyle::Style;
use egress_core::policy::answer::{Finding, Severity};
use egress_core::policy::exception::Standing;
use egress_core::policy::hosts::{ExceptionUse, Judgement};
use egress_core::policy::member::Effect;
use egress_core::policy::naming::Naming;
use egress_core::policy::pinning::{Misfit, Pinning};
use egress_core::policy::report::{Report, Status};
use egress_core::policy::request::Destination;
use serde_json::{Value, json};

use crate::document::API_VERSION;
use crate::error::RenderError;
use crate::escape::escape;
use crate::palette::{Palette, paint};
use crate::table::Table;

/// What was said about the hosts of a command; no text where there is nothing to say. With `explain` everybody who was
/// asked is shown, with the trace, the log and the cost of the answer.
pub fn judgement(judgement: &Judgement, explain: bool, palette: &Palette) -> String {
    let destinations: Vec<&Destination> =
        judgement.outcomes.iter().map(|outcome| &outcome.destination).collect();
    let mut page = Page { palette, text: String::new() };
    for outcome in &judgement.outcomes {
        if outcome.status == Status::Denied && outcome.by.is_empty() {
            page.head(palette.bad, "× denied", &address(&outcome.destination), "by default");
            let allows = match judgement.default {
                Effect::Deny => "no policy allows it, and what is not allowed is denied",
                Effect::Allow => "no policy allows it",
            };
            page.line(4, allows);
        }
    }
    for report in &judgement.reports {
        page.report(report, &destinations, explain);
    }
    for used in &judgement.exceptions {
        page.exception(used, &destinations);
    }
    page.text
}

/// What was said about nodes; no text where there is nothing to say.
pub fn pinning(pinning: &Pinning, explain: bool, palette: &Palette) -> String {
    let mut page = Page { palette, text: String::new() };
    for report in &pinning.reports {
        page.report(report, &[], explain);
    }
    page.text
}

/// Why no gateway runs where the policies let traffic leave: what each pod lacks, and what is left of the nodes.
pub fn misfit(misfit: &Misfit, palette: &Palette) -> String {
    let mut table = Table::new(vec!["GATEWAY", "POD", "NODE", "MISSING", "DEMANDED-BY"]);
    for row in &misfit.rows {
        let by: Vec<String> = row.by.iter().map(ToString::to_string).collect();
        table.push(vec![
            row.gateway.to_string(),
            row.pod.clone().unwrap_or_default(),
            row.node.clone().unwrap_or_default(),
            row.missing.clone(),
            by.join(", "),
        ]);
    }
    let mut page = Page { palette, text: table.render(true) };
    for excluded in &misfit.excluded {
        page.line(0, &format!("{} excludes {} of {} nodes", excluded.by, excluded.nodes, misfit.nodes));
    }
    page.line(0, &format!("{} of {} nodes fulfil everything", misfit.left, misfit.nodes));
    page.text
}

/// Why the objects cannot be named, in words for an error message.
pub fn naming(naming: &Naming) -> String {
    let mut sentences = Vec::new();
    for clash in &naming.clashes {
        let names: Vec<String> = clash.names.iter().map(|named| format!("{} says `{}`", named.by, named.name)).collect();
        sentences.push(format!(
            "two policies name the {} ({}) differently: {}",
            clash.kind,
            clash.role,
            names.join(", ")
        ));
    }
    let owner = naming.clashes.first().and_then(|clash| clash.names.first());
    sentences.extend(owner.map(|named| {
        format!("say who names objects: write `naming: {{use: {}}}` into egress-policy.yaml", named.by.policy)
    }));
    sentences.extend(
        naming
            .no_owner
            .as_ref()
            .map(|name| format!("`naming: {{use: {name}}}` means a policy that names nothing")),
    );
    for report in &naming.reports {
        sentences.extend(report.fault.as_ref().map(|fault| format!("policy {}: {fault}", report.author)));
        let denials = report.findings.iter().filter(|remark| remark.finding.severity == Severity::Deny);
        sentences.extend(denials.map(|remark| {
            format!("policy {} denies: {} ({})", report.author, remark.finding.message, remark.finding.code)
        }));
    }
    escape(&sentences.join("; ")).into_owned()
}

/// The judgement as the document `EgressJudgement`.
///
/// # Errors
/// [`RenderError::Json`] when it cannot be written.
pub fn document(judgement: &Judgement) -> Result<Value, RenderError> {
    let mut document =
        json!({ "apiVersion": API_VERSION, "kind": "EgressJudgement", "status": judgement.status() });
    if let (Value::Object(document), Value::Object(body)) = (&mut document, serde_json::to_value(judgement)?)
    {
        document.extend(body);
    }
    Ok(document)
}

struct Page<'a> {
    palette: &'a Palette,
    text: String,
}

impl Page<'_> {
    fn report(&mut self, report: &Report, destinations: &[&Destination], explain: bool) {
        let author = report.author.to_string();
        if let Some(fault) = &report.fault {
            self.head(self.palette.bad, "× undecided", &report.hook.to_string(), &author);
            self.line(4, &fault.to_string());
        }
        for remark in &report.findings {
            let place = remark.destination.and_then(|index| destinations.get(index));
            let place = place.map_or_else(|| "the request".to_owned(), |destination| address(destination));
            let (style, mark) = match remark.finding.severity {
                Severity::Deny => (self.palette.bad, "× denied"),
                Severity::Warn => (self.palette.warning, "! warning"),
                Severity::Info => (self.palette.faint, "i info"),
            };
            self.head(style, mark, &place, &author);
            self.finding(&remark.finding);
            if let Some(words) = report.on_deny.as_ref().filter(|_| remark.finding.severity == Severity::Deny)
            {
                self.line(4, words);
            }
        }
        if explain {
            self.explanation(report, &author);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let path = finding.path.as_ref().map(|path| format!("  ({path})")).unwrap_or_default();
        self.line(4, &format!("{}: {}{path}", finding.code, finding.message));
        for (key, value) in &finding.evidence {
            self.line(6, &format!("{key}: {value}"));
        }
        for (word, text) in [("fix", &finding.remediation), ("docs", &finding.docs)] {
            if let Some(text) = text {
                self.line(4, &format!("{word}: {text}"));
            }
        }
    }

    fn explanation(&mut self, report: &Report, author: &str) {
        let fuel = report.fuel.map(|fuel| format!(", fuel {fuel}")).unwrap_or_default();
        self.head(self.palette.faint, "? asked", &report.hook.to_string(), &format!("{author}{fuel}"));
        for step in &report.trace {
            self.line(4, &format!("{}: {}: {}", step.rule, step.outcome, step.detail));
        }
        for line in &report.log {
            self.line(4, &format!("log: {line}"));
        }
    }

    fn exception(&mut self, used: &ExceptionUse, destinations: &[&Destination]) {
        let place = destinations.get(used.index).map(|destination| address(destination)).unwrap_or_default();
        let exception = &used.exception;
        let (style, words) = match used.standing {
            Standing::Holds => (self.palette.warning, "holds"),
            Standing::Expired => (self.palette.bad, "has expired"),
            Standing::TooLow => (self.palette.bad, "is of a lower layer than the policy and does not count"),
        };
        self.head(style, "! exception", &place, &used.of.to_string());
        self.line(
            4,
            &format!(
                "the exception from {} until {}, approved by {}, {words}: {}",
                exception.code, exception.until, exception.approved_by, exception.reason
            ),
        );
    }

    fn head(&mut self, style: Style, mark: &str, place: &str, author: &str) {
        let _ = writeln!(self.text, "{}  {}  {}", paint(style, mark), escape(place), escape(author));
    }

    fn line(&mut self, indent: usize, words: &str) {
        let _ = writeln!(self.text, "{:indent$}{}", "", escape(words));
    }
}

fn address(destination: &Destination) -> String {
    format!("{}:{}", destination.host, destination.port)
}
