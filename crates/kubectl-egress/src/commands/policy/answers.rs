//! All answers of a policy to one request, as text and as a document.

use std::fmt::Write;

use egress_policy::answer::{EvaluationError, Finding, PinAnswer};
use egress_policy::request::{Request, Slot};
use egress_render::document::API_VERSION;
use egress_render::escape::escape;
use egress_render::table::Table;
use serde::Serialize;
use serde_json::{Value, json};

use egress_policy_test::ask::{Cost, Seen};
use egress_policy_test::expect::decision_word;
use egress_policy_test::pin::{matching, requirement};
use egress_policy_test::slots::word;

/// For people.
pub(super) fn text(request: &Request, slots: &[Slot], seen: &Seen, cost: &Cost) -> String {
    let mut text = hosts(request, seen);
    for found in seen.findings() {
        text.push_str(&finding("", found));
    }
    if let Some(Ok(answer)) = &seen.naming {
        let mut names = Table::new(vec!["OBJECT", "HOST", "NAME", "DEFAULT"]);
        for slot in slots {
            let name = answer.names.iter().find(|name| name.slot == slot.id).map(|name| name.name.clone());
            let host = slot.host.clone().unwrap_or_default();
            names.push(vec![
                word(slot).to_owned(),
                host,
                name.unwrap_or_default(),
                slot.default_name.clone(),
            ]);
        }
        let _ = write!(text, "\n{}", names.render(true));
    }
    if let Some(Ok(pin)) = &seen.pinning {
        let _ = writeln!(text, "\nnodes: {}", escape(&nodes(request, &pin.answer)));
    }
    for fault in seen.faults() {
        let _ = writeln!(text, "could not decide: {}", escape(&fault.to_string()));
    }
    trace(&mut text, seen);
    for line in &cost.log {
        let _ = writeln!(text, "log: {}", escape(line));
    }
    if let Some(fuel) = cost.fuel {
        let _ = writeln!(text, "fuel: {fuel}");
    }
    text
}

/// One finding: a line of its own, and what to do about it.
pub(super) fn finding(indent: &str, finding: &Finding) -> String {
    let place = finding.path.as_deref().map(|path| format!("  ({path})")).unwrap_or_default();
    let line = format!("{}  {}  {}{place}", finding.severity, finding.code, finding.message);
    let mut text = format!("{indent}{}\n", escape(&line));
    let more = [("fix", &finding.remediation), ("docs", &finding.docs)];
    for (word, more) in more {
        if let Some(more) = more {
            let _ = writeln!(text, "{indent}      {word}: {}", escape(more));
        }
    }
    text
}

/// As a versioned document.
pub(super) fn document(request: &Request, seen: &Seen, cost: &Cost) -> anyhow::Result<Value> {
    // Every field is named, so that the compiler asks about a new one.
    let Seen { refusal: _, settings: _, hosts, naming, pinning } = seen;
    let decisions = seen.decisions(request.destinations.len()).into_iter().map(decision_word);
    let faults: Vec<String> = seen.faults().iter().map(ToString::to_string).collect();
    Ok(json!({
        "apiVersion": API_VERSION,
        "kind": "PolicyAnswer",
        "decisions": decisions.collect::<Vec<_>>(),
        "hosts": answer(hosts.as_ref())?,
        "naming": answer(naming.as_ref())?,
        "pinning": answer(pinning.as_ref())?,
        "faults": faults,
        "log": cost.log,
        "fuel": cost.fuel,
    }))
}

fn hosts(request: &Request, seen: &Seen) -> String {
    let mut table = Table::new(vec!["HOST", "PORT", "DECISION", "ROUTES", "LAYOUTS"]);
    let Some(Ok(verdict)) = &seen.hosts else { return String::new() };
    let decisions = seen.decisions(request.destinations.len());
    for (index, (destination, decision)) in request.destinations.iter().zip(decisions).enumerate() {
        let ruling = verdict.rulings.iter().find(|ruling| usize::try_from(ruling.destination) == Ok(index));
        let any = |choices: &[String]| if choices.is_empty() { "any".to_owned() } else { choices.join(",") };
        table.push(vec![
            destination.host.clone(),
            format!("{}/{}", destination.port, destination.protocol),
            decision_word(decision).to_owned(),
            any(ruling.map_or(&[], |ruling| &ruling.routes)),
            any(ruling.map_or(&[], |ruling| &ruling.layouts)),
        ]);
    }
    table.render(true)
}

fn nodes(request: &Request, answer: &PinAnswer) -> String {
    let PinAnswer::Place(placement) = answer else {
        return match answer {
            PinAnswer::AnyNode => "any node".to_owned(),
            _ => "no requirement from this policy".to_owned(),
        };
    };
    let required: Vec<String> = placement.required.iter().map(requirement).collect();
    let matching = matching(placement, &request.nodes);
    let matching =
        if matching.is_empty() { "no node of the request".to_owned() } else { matching.join(", ") };
    format!("{matching}  (required: {})", required.join("; "))
}

fn trace(text: &mut String, seen: &Seen) {
    let hosts = seen.hosts.iter().flatten().flat_map(|verdict| &verdict.trace);
    let naming = seen.naming.iter().flatten().flat_map(|names| &names.trace);
    let pinning = seen.pinning.iter().flatten().flat_map(|pin| &pin.trace);
    let mut steps = Table::new(vec!["RULE", "OUTCOME", "WHY"]);
    let mut any = false;
    for step in hosts.chain(naming).chain(pinning) {
        any = true;
        steps.push(vec![step.rule.clone(), step.outcome.clone(), step.detail.clone()]);
    }
    if any {
        let _ = writeln!(text, "\n{}", steps.render(true));
    }
}

fn answer<T: Serialize>(answer: Option<&Result<T, EvaluationError>>) -> anyhow::Result<Value> {
    match answer {
        Some(Ok(answer)) => Ok(serde_json::to_value(answer)?),
        _ => Ok(Value::Null),
    }
}
