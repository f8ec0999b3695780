//! Matches one value of a rule against one call: caller, host, port.
//!
//! Knows Istio's patterns, and what a gateway can see of a call. Does not combine values into a rule.

use super::Caller;
use super::rule::RuleMatch;

pub(super) fn of_namespace(value: &str, caller: &Caller<'_>) -> RuleMatch {
    if caller.has_identity { matched(matches(value, caller.namespace)) } else { RuleMatch::No }
}

pub(super) fn of_account(value: &str, namespace: &str, caller: &Caller<'_>) -> RuleMatch {
    let (wanted, account) = value.split_once('/').unwrap_or((namespace, value));
    match caller.account {
        _ if !caller.has_identity || wanted != caller.namespace => RuleMatch::No,
        Some(own) => matched(matches(account, own)),
        None => RuleMatch::Unknown,
    }
}

/// A principal without `spiffe://`. `cluster.local` stands for the mesh's own trust domain, of which nothing else is known.
pub(super) fn of_principal(value: &str, caller: &Caller<'_>) -> RuleMatch {
    if !caller.has_identity {
        return RuleMatch::No;
    }
    if value == "*" {
        return RuleMatch::Yes;
    }
    let Some(account) = caller.account else {
        let here = format!("/ns/{}/", caller.namespace);
        return if value.contains('*') || value.contains(&here) { RuleMatch::Unknown } else { RuleMatch::No };
    };
    let path = format!("/ns/{}/sa/{account}", caller.namespace);
    if matches(value, &format!("cluster.local{path}")) {
        return RuleMatch::Yes;
    }
    if value.ends_with(&path) || value.starts_with("*.") { RuleMatch::Unknown } else { RuleMatch::No }
}

pub(super) fn of_sni(value: &str, caller: &Caller<'_>) -> RuleMatch {
    matched(caller.sni.is_some_and(|sni| matches(value, sni)))
}

pub(super) fn of_port(value: &str, caller: &Caller<'_>) -> RuleMatch {
    matched(value.parse() == Ok(caller.listens_on))
}

/// The authority of a request has the port, unless it is the usual one; whether an application says the usual one is up
/// to it.
pub(super) fn of_host(value: &str, caller: &Caller<'_>) -> RuleMatch {
    let value = value.to_ascii_lowercase();
    let host = caller.host.to_ascii_lowercase();
    match caller.port {
        Some(80) => matched(matches(&value, &host)),
        Some(port) => matched(matches(&value, &format!("{host}:{port}"))),
        None if matches(&value, &host) || value.starts_with(&host) => RuleMatch::Unknown,
        None => RuleMatch::No,
    }
}

fn matched(holds: bool) -> RuleMatch {
    if holds { RuleMatch::Yes } else { RuleMatch::No }
}

/// Istio's patterns: exact, `start*`, `*end`, or `*` for any value that is not empty.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern, pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        ("*", _, _) => !text.is_empty(),
        (_, Some(start), _) => text.starts_with(start),
        (_, None, Some(end)) => text.ends_with(end),
        _ => pattern == text,
    }
}
