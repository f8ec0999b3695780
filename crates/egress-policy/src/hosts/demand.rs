//! How a call must travel: what every policy accepts, and what to type where the request is something else.

use super::ask::{Answer, Ruled};
use egress_core::intent::Layout;

use crate::answer::{Finding, Severity};
use crate::report::PolicyRef;
use crate::request::{Destination, Request};

/// One of the two things that a ruling may demand.
#[derive(Clone, Copy)]
enum Demand {
    Route,
    Layout,
}

/// Denies what a policy does not accept, in the name of that policy. What could be typed instead is what all of them
/// accept.
pub(super) fn check(answers: &mut [Answer], request: &Request) {
    for (index, destination) in request.destinations.iter().enumerate() {
        for demand in [Demand::Route, Demand::Layout] {
            let asked = demand.asked(destination, request).to_owned();
            let accepted: Vec<(PolicyRef, Vec<String>)> = answers
                .iter()
                .filter_map(|answer| {
                    let accepted = demand.accepted(answer.rulings.get(&index)?);
                    (!accepted.is_empty()).then(|| (answer.report.by.clone(), accepted.to_vec()))
                })
                .collect();
            for answer in answers.iter_mut() {
                let refuses = |ruled: &Ruled| {
                    let accepted = demand.accepted(ruled);
                    !accepted.is_empty() && !accepted.contains(&asked)
                };
                if answer.rulings.get(&index).is_some_and(refuses) {
                    let finding = demand.finding(index, destination, &asked, &answer.report.by, &accepted);
                    answer.report.add_finding(Some(index), finding);
                }
            }
        }
    }
}

impl Demand {
    fn asked<'a>(self, destination: &'a Destination, request: &'a Request) -> &'a str {
        match self {
            Demand::Route => &destination.route,
            Demand::Layout => &request.layout,
        }
    }

    fn accepted(self, ruled: &Ruled) -> &[String] {
        match self {
            Demand::Route => &ruled.routes,
            Demand::Layout => &ruled.layouts,
        }
    }

    fn finding(
        self,
        index: usize,
        destination: &Destination,
        asked: &str,
        author: &PolicyRef,
        accepted: &[(PolicyRef, Vec<String>)],
    ) -> Finding {
        let own = accepted.iter().find(|(other, _)| other == author).map(|(_, words)| words.join(" or "));
        let own = own.unwrap_or_default();
        let Destination { host, port, protocol, .. } = destination;
        let (code, message, path) = match self {
            Demand::Route => {
                let message = format!("{host}:{port} would reach the gateway as {asked}; accepted: {own}");
                ("route-not-accepted", message, format!("destinations[{index}].route"))
            }
            Demand::Layout => {
                let message =
                    format!("the {asked} layout is not accepted for {host}:{port}; accepted: {own}");
                ("layout-not-accepted", message, "layout".to_owned())
            }
        };
        let mut finding = Finding::at(path, code, Severity::Deny, message);
        finding.remediation = Some(match (self, left(accepted).as_slice()) {
            (_, []) => {
                let each = accepted.iter().map(|(author, words)| format!("{author}: {}", words.join(" or ")));
                let each = each.collect::<Vec<_>>().join("; ");
                format!("nothing satisfies all policies ({each}); ask their owners")
            }
            (Demand::Route, left) => route_advice(protocol, left),
            (Demand::Layout, left) => layout_advice(left),
        });
        finding
    }
}

/// What every policy accepts that demands anything.
fn left(accepted: &[(PolicyRef, Vec<String>)]) -> Vec<&str> {
    let Some(((_, first), rest)) = accepted.split_first() else { return Vec::new() };
    let everywhere = |word: &&String| rest.iter().all(|(_, words)| words.contains(word));
    first.iter().filter(everywhere).map(String::as_str).collect()
}

/// What to type for one of these routes. HTTP travels in mesh mTLS or in plain, TLS of the application only as it is.
fn route_advice(protocol: &str, left: &[&str]) -> String {
    let http = protocol == "HTTP";
    if http && left.contains(&"mtls") {
        "type `--hop mtls`".to_owned()
    } else if http && left.contains(&"plain") {
        "type `--hop plain --layout documented`".to_owned()
    } else if http && left.contains(&"passthrough") {
        "only TLS from the application passes through: call the host by https, and add its TLS port"
            .to_owned()
    } else if left.contains(&"mtls") {
        "kubectl egress cannot do that for TLS from the application, which passes through unchanged; \
         call the host by http on an HTTP port if it has one"
            .to_owned()
    } else {
        format!("kubectl egress writes no object with hop {}; ask the policy's owner", left.join(" or "))
    }
}

fn layout_advice(left: &[&str]) -> String {
    match left.iter().find(|word| word.parse::<Layout>().is_ok()) {
        Some(word) => format!("type `--layout {word}`"),
        None => format!(
            "kubectl egress has the layouts {}, not {}; ask the policy's owner",
            Layout::ALL.map(Layout::word).join(" and "),
            left.join(" or ")
        ),
    }
}
