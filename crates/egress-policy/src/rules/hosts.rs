//! Which hosts the settings allow, and how HTTP must travel.

use super::settings::{Others, Settings};
use crate::answer::{Decision, Finding, Ruling, Severity, Step, Verdict};
use crate::request::{Destination, Request};

/// The host is in the list `deny`.
pub(super) const DENIED: &str = "host-denied";
/// The host is not in the list `allow`.
pub(super) const NOT_ALLOWED: &str = "host-not-allowed";

pub(super) fn decide(settings: &Settings, request: &Request) -> Verdict {
    let mut verdict = Verdict::default();
    for (index, destination) in (0_u32..).zip(&request.destinations) {
        let (decision, findings, step) = judge(settings, index, destination);
        // TLS of the application is passed through as it is; only for HTTP is there a choice.
        let routes =
            if destination.protocol == "HTTP" { settings.hop.iter().cloned().collect() } else { Vec::new() };
        verdict.rulings.push(Ruling { destination: index, decision, routes, layouts: Vec::new(), findings });
        if request.explain {
            verdict.trace.push(step);
        }
    }
    verdict
}

fn judge(settings: &Settings, index: u32, destination: &Destination) -> (Decision, Vec<Finding>, Step) {
    let Destination { host, port, .. } = destination;
    let path = format!("destinations[{index}].host");
    let step = |rule: &str, outcome: &str, detail: String| Step {
        rule: rule.to_owned(),
        outcome: outcome.to_owned(),
        detail: format!("{host}:{port} {detail}"),
    };
    if let Some(glob) = settings.deny.iter().find(|glob| glob.touches(host, *port)) {
        let mut denied = Finding::at(path, DENIED, Severity::Deny, format!("{host} is denied by `{glob}`"));
        denied.evidence.insert("deny".to_owned(), glob.to_string());
        return (Decision::Deny, vec![denied], step("deny", "deny", format!("matches `{glob}`")));
    }
    let Some(allow) = &settings.allow else {
        return (Decision::Abstain, Vec::new(), step("deny", "abstain", "matches nothing".to_owned()));
    };
    if let Some(glob) = allow.iter().find(|glob| glob.matches(host, *port)) {
        return (Decision::Allow, Vec::new(), step("allow", "allow", format!("matches `{glob}`")));
    }
    if settings.others == Others::Abstain {
        return (Decision::Abstain, Vec::new(), step("allow", "abstain", "matches nothing".to_owned()));
    }
    let message = match allow.iter().find(|glob| glob.matches_on_another_port(host, *port)) {
        Some(glob) => format!("{host} is allowed by `{glob}`, but not on port {port}"),
        None => format!("{host} is not in the list of allowed hosts"),
    };
    let refused = Finding::at(path, NOT_ALLOWED, Severity::Deny, message);
    (Decision::Deny, vec![refused], step("allow", "deny", "matches nothing".to_owned()))
}
