//! The CEL of the policy: what an object opens, for whom, and what each list says to it.
//!
//! Uses the libraries of Kubernetes 1.30 and nothing newer. Every list is a literal, cut into variables that the API server
//! still reads. Whatever is no host, address or range is refused, so that a spelling cannot pass by a list. Knows nothing
//! of how a list is judged in Rust: the two are compared in tests.

mod object;

use std::collections::BTreeSet;

use super::layer::{ExportedLayer, ExportedRules};
use super::remembered::annotations;
use super::source::EXCUSE;
use super::{keys, twin};
use egress_core::admission::exported::NAME;
use egress_core::admission::{AdmissionPolicy, AdmissionRule, AdmissionSet, Clause, ResourceRule, text};

/// The longest literal of a map: the API server reads at most 100,000 characters of one expression.
const LONGEST: usize = 90_000;
/// The longest list of hosts that a refusal names, in characters.
const SHOWN: usize = 1_000;

/// The policy of a layer.
pub(super) fn policy(layer: &ExportedLayer) -> AdmissionPolicy {
    let mut variables = object::variables(layer);
    let mut validations = vec![unreadable()];
    for (index, policy) in layer.policies.iter().enumerate() {
        let (more, rules) = of_policy(index, policy);
        variables.extend(more);
        validations.extend(rules);
    }
    if layer.is_closed {
        variables.push(Clause::new("unallowed", unallowed(layer)));
        validations.push(rule(
            "unallowed",
            "no policy of the cluster allows a host, address or port of this object (not-allowed)",
            "no policy of the cluster allows (not-allowed): ",
            None,
        ));
    }
    AdmissionPolicy {
        name: NAME.to_owned(),
        set: AdmissionSet::Rules,
        annotations: annotations(layer),
        resources: ["serviceentries", "workloadentries", "destinationrules", "sidecars", "envoyfilters"]
            // Whatever version is written: they have one schema.
            .map(|resource| ResourceRule::new("networking.istio.io", "*", resource))
            .into(),
        conditions: conditions(),
        variables,
        validations,
    }
}

/// What exists is judged when its spec changes. A permission over everything is no excuse: a GitOps controller has it.
fn conditions() -> Vec<Clause> {
    let (group, resource, verb) = EXCUSE;
    let may = |verb: &str| {
        format!(
            "authorizer.group({}).resource({}).namespace(request.namespace).check({}).allowed()",
            text(group),
            text(resource),
            text(verb)
        )
    };
    vec![
        Clause::new("changed", "oldObject == null || object.?spec != oldObject.?spec"),
        Clause::new("not-excused", format!("!({} && !{})", may(verb), may("anything-else"))),
    ]
}

fn unreadable() -> AdmissionRule {
    AdmissionRule {
        expression: "size(variables.odd) == 0".to_owned(),
        message: "kubectl-egress: a host or address of this object cannot be checked against a list; expected a DNS name \
                  in ASCII, an address or a range"
            .to_owned(),
        message_expression: Some(shown(
            "'kubectl-egress: cannot be checked against a list: ' + variables.odd.join(', ') + ' (expected a DNS name in ASCII, an \
             address or a range)'",
        )),
    }
}

/// The variables and the rules of one policy.
fn of_policy(index: usize, policy: &ExportedRules) -> (Vec<Clause>, Vec<AdmissionRule>) {
    let lists = policy.rules.lists();
    let mut variables = Vec::new();
    let mut rules = Vec::new();
    let name = &policy.name;
    if !lists.namespaces.is_empty() {
        let pattern = text(&object::pattern(lists.namespaces));
        variables.push(Clause::new(
            format!("in_{index}"),
            format!("variables.callers.filter(n, n.matches({pattern}))"),
        ));
        let about = format!("'' in variables.callers || size(variables.in_{index}) > 0");
        variables.push(Clause::new(format!("about_{index}"), about));
    }
    let about =
        if lists.namespaces.is_empty() { "true".to_owned() } else { format!("variables.about_{index}") };
    let (allow, allowed) = table(&format!("allow_{index}"), &keys::allowing(lists.allow.unwrap_or_default()));
    let (deny, denied) = table(&format!("deny_{index}"), &keys::denying(lists.deny));
    variables.extend(allow.into_iter().chain(deny));
    let whom = if lists.namespaces.is_empty() {
        String::new()
    } else {
        let namespaces: Vec<String> =
            lists.namespaces.iter().map(|name| egress_core::host::printable(name)).collect();
        format!(
            ", which covers {} and objects exported there; without `exportTo` that is everywhere",
            namespaces.join(", ")
        )
    };
    let mut refuse = |variable: &str, refused: &str, code: &str, what: &str| {
        let variable = format!("{variable}_{index}");
        variables.push(Clause::new(variable.clone(), format!("{about} ? {} : []", asked(refused))));
        let message = format!("policy `{name}` {what} a host, address or port of this object ({code})");
        let said = format!("policy `{name}`{whom} {what} ({code}): ");
        rules.push(rule(&variable, &message, &said, policy.on_deny.as_deref()));
    };
    if !lists.deny.is_empty() {
        refuse("denied", &denied, "host-denied", "denies");
    }
    if lists.denies_others {
        refuse("unlisted", &format!("!({allowed})"), "host-not-allowed", "does not allow");
    }
    if lists.hop == Some(twin::PASSTHROUGH) {
        let message = format!(
            "policy `{name}` accepts only TLS from the application, but a port of this object is plain HTTP \
             (route-not-accepted)"
        );
        rules.push(AdmissionRule {
            expression: format!("!({about} && variables.plain)"),
            message: said("kubectl-egress: ", &message, policy.on_deny.as_deref()),
            message_expression: None,
        });
    }
    (variables, rules)
}

/// What no policy allows for one of the callers. A policy that is about everybody needs no look at each caller.
fn unallowed(layer: &ExportedLayer) -> String {
    let hit = |index: usize, policy: &ExportedRules| {
        let keys = keys::allowing(policy.rules.lists().allow.unwrap_or_default());
        table(&format!("allow_{index}"), &keys).1
    };
    let policies =
        || layer.policies.iter().enumerate().filter(|(_, policy)| policy.rules.lists().allow.is_some());
    let (mut everywhere, mut somewhere) = (vec!["false".to_owned()], Vec::new());
    for (index, policy) in policies() {
        let hit = hit(index, policy);
        if policy.rules.lists().namespaces.is_empty() {
            everywhere.push(format!("({hit})"));
        } else {
            somewhere.push(format!("(n in variables.in_{index} && ({hit}))"));
        }
    }
    if !somewhere.is_empty() {
        everywhere.push(format!("variables.callers.all(n, {})", somewhere.join(" || ")));
    }
    asked(&format!("!({})", everywhere.join(" || ")))
}

/// Each name of the object with those of its ports that are refused: `evil.example.com:443,8443`.
fn asked(refused: &str) -> String {
    format!(
        "variables.asked.map(c, [c[0], variables.ports.filter(p, {refused}).join(',')]).filter(f, f[1] != '').map(f, \
         (f[0] == '*' ? 'any host' : f[0]) + ':' + f[1])"
    )
}

/// The literals of a list, and the expression that is true where the name `c` and the port `p` are in it.
fn table(name: &str, keys: &BTreeSet<String>) -> (Vec<Clause>, String) {
    let mut chunks: Vec<String> = Vec::new();
    for key in keys {
        let entry = format!("{}:0", text(key));
        match chunks.last_mut() {
            Some(chunk) if chunk.len() + entry.len() < LONGEST => {
                chunk.push(',');
                chunk.push_str(&entry);
            }
            _ => chunks.push(entry),
        }
    }
    let named = |place: usize| format!("{name}_{place}");
    let hits = (0..chunks.len()).map(|place| {
        let variable = format!("variables.{}", named(place));
        format!("k in {variable} || k + '{}' + p in {variable}", keys::BEFORE_PORT)
    });
    let hits: Vec<String> = hits.collect();
    let hit =
        if hits.is_empty() { "false".to_owned() } else { format!("c.exists(k, {})", hits.join(" || ")) };
    let chunks = chunks.into_iter().enumerate();
    (chunks.map(|(place, chunk)| Clause::new(named(place), format!("{{{chunk}}}"))).collect(), hit)
}

/// The rule that a list of refused names is empty.
fn rule(variable: &str, message: &str, prefix: &str, on_deny: Option<&str>) -> AdmissionRule {
    let after = on_deny.map(|words| format!(" ({})", one_line(words))).unwrap_or_default();
    let names = shown(&format!("variables.{variable}.join(', ')"));
    AdmissionRule {
        expression: format!("size(variables.{variable}) == 0"),
        message: said("kubectl-egress: ", message, on_deny),
        message_expression: Some(format!(
            "{} + {names} + {}",
            text(&format!("kubectl-egress: {prefix}")),
            text(&after)
        )),
    }
}

fn said(prefix: &str, message: &str, on_deny: Option<&str>) -> String {
    let after = on_deny.map(|words| format!(" ({})", one_line(words))).unwrap_or_default();
    format!("{prefix}{message}{after}")
}

/// At most so many characters: the API server drops a message that is too long.
fn shown(expression: &str) -> String {
    format!("[{expression}].map(s, size(s) > {SHOWN} ? s.substring(0, {SHOWN}) + ' and more' : s)[0]")
}

/// The API server drops a message of several lines.
fn one_line(words: &str) -> String {
    let words: String =
        words.chars().take(SHOWN).map(|found| if found.is_control() { ' ' } else { found }).collect();
    words.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::glob::HostGlob;

    #[test]
    fn a_list_of_20_000_hosts_is_cut_into_expressions_that_the_server_reads() {
        let globs: Vec<HostGlob> = (0..20_000)
            .map(|number| format!("a-host-of-some-length-{number}.example.com:443").parse().unwrap())
            .collect();
        let (clauses, hit) = table("allow_0", &keys::allowing(&globs));
        assert!(clauses.len() > 5, "{}", clauses.len());
        assert!(clauses.iter().all(|clause| clause.expression.len() < 98_000));
        assert_eq!(hit.matches("k in variables.allow_0_").count(), clauses.len());
        let kept: usize = clauses.iter().map(|clause| clause.expression.matches(":0").count()).sum();
        assert_eq!(kept, 20_000);
    }

    #[test]
    fn what_an_organisation_says_cannot_leave_its_literal() {
        let rule = rule("denied_0", "m", "p", Some("ask 'us'\n' + variables.x + '"));
        let expression = rule.message_expression.unwrap();
        assert!(expression.ends_with(r"' (ask \'us\' \' + variables.x + \')'"), "{expression}");
        assert!(!rule.message.contains('\n'));
    }
}
