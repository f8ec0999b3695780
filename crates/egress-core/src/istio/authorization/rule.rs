//! One rule of an `AuthorizationPolicy` against one call.
//!
//! Follows `New` and `Generate` in `pilot/pkg/security/authz/model/model.go`: sources, operations and conditions must all
//! hold, and of each list one. On connections that are not read as HTTP, a rule with conditions on HTTP never allows,
//! while in a denial those conditions count for nothing. What only a request can tell is unknown.

use egress_istio::authorization_policy::{
    AuthorizationPolicyRules, AuthorizationPolicyRulesFromSource, AuthorizationPolicyRulesTo,
    AuthorizationPolicyRulesToOperation,
};

use super::Caller;
use super::values::{of_account, of_host, of_namespace, of_port, of_principal, of_sni};

/// The result of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleMatch {
    No,
    Unknown,
    Yes,
}

/// The name of the SNI condition in messages.
pub(super) const SERVER_NAME: &str = "the SNI";

/// The name of the caller condition in messages.
pub const CALLER: &str = "the caller";

/// One list of a rule: its name in messages, and its result.
type NamedMatch = (&'static str, RuleMatch);

/// Whether a rule of a policy in `namespace` matches a call.
pub(super) fn answer(
    rule: &AuthorizationPolicyRules,
    namespace: &str,
    caller: &Caller<'_>,
    denies: bool,
) -> RuleMatch {
    let parts = parts(rule, namespace, caller, denies);
    parts.into_iter().map(|(_, answer)| answer).min().unwrap_or(RuleMatch::Yes)
}

/// The condition that fails, if all others match this call.
pub(super) fn misses(
    rule: &AuthorizationPolicyRules,
    namespace: &str,
    caller: &Caller<'_>,
) -> Option<&'static str> {
    let parts = parts(rule, namespace, caller, false);
    let mut lacking = parts.iter().filter(|(_, answer)| *answer == RuleMatch::No);
    match (lacking.next(), lacking.next()) {
        (Some((what, _)), None) => Some(*what),
        _ => None,
    }
}

/// Whether a rule names a caller: a source of it has a list of callers, and the caller is in it.
pub(super) fn names(
    rule: &AuthorizationPolicyRules,
    namespace: &str,
    (caller, account): (&str, &str),
) -> bool {
    let caller = Caller {
        namespace: caller,
        account: Some(account),
        has_identity: true,
        is_http: true,
        host: "",
        port: None,
        listens_on: 0,
        sni: None,
    };
    rule.from.iter().flatten().filter_map(|from| from.source.as_ref()).any(|spec| {
        let lists = [&spec.namespaces, &spec.principals, &spec.service_accounts];
        lists.into_iter().any(|list| given(list.as_ref()))
            && source(spec, namespace, &caller, false) != RuleMatch::No
    })
}

/// The host names without which a rule cannot match, where all of them are written in full. A denial is held to hosts only
/// where HTTP is read, so that they do not bind it.
pub(super) fn named_host(rule: &AuthorizationPolicyRules, denies: bool) -> Option<Vec<String>> {
    let exact = |names: &[String], with_port: bool| {
        let bare = |name: &String| {
            let name = if with_port { name.split(':').next().unwrap_or_default() } else { name };
            (!name.contains('*')).then(|| name.to_ascii_lowercase())
        };
        names.iter().map(bare).collect::<Option<Vec<String>>>()
    };
    let mut sni = rule.when.iter().flatten().filter(|condition| condition.key == "connection.sni");
    if let Some(names) =
        sni.find_map(|condition| condition.values.as_deref().filter(|names| !names.is_empty()))
    {
        return exact(names, false);
    }
    let operations: Vec<_> = rule.to.iter().flatten().filter_map(|to| to.operation.as_ref()).collect();
    if operations.is_empty() || denies {
        return None;
    }
    let mut all = Vec::new();
    for operation in operations {
        all.extend(exact(operation.hosts.as_deref().filter(|hosts| !hosts.is_empty())?, true)?);
    }
    all.sort();
    all.dedup();
    Some(all)
}

fn parts(
    rule: &AuthorizationPolicyRules,
    namespace: &str,
    caller: &Caller<'_>,
    denies: bool,
) -> Vec<NamedMatch> {
    let mut parts: Vec<NamedMatch> = Vec::new();
    let sources: Vec<_> = rule.from.iter().flatten().collect();
    if !sources.is_empty() {
        let each = sources.iter().map(|from| match &from.source {
            Some(spec) => source(spec, namespace, caller, denies),
            None => RuleMatch::Yes,
        });
        parts.push((CALLER, each.max().unwrap_or(RuleMatch::Yes)));
    }
    let operations: Vec<_> = rule.to.iter().flatten().collect();
    if !operations.is_empty() {
        let each = operations.iter().map(|to| match &to.operation {
            Some(spec) => operation(spec, caller, denies),
            None => RuleMatch::Yes,
        });
        parts.push((about(&operations, caller), each.max().unwrap_or(RuleMatch::Yes)));
    }
    for condition in rule.when.iter().flatten() {
        let values = condition.values.as_deref().unwrap_or_default();
        let others = condition.not_values.as_deref().unwrap_or_default();
        let holds = |test: &dyn Fn(&str) -> RuleMatch| both(values, others, test);
        parts.push(match condition.key.as_str() {
            "source.namespace" => (CALLER, holds(&|value| of_namespace(value, caller))),
            "source.principal" => (CALLER, holds(&|value| of_principal(value, caller))),
            "source.serviceAccount" => (CALLER, holds(&|value| of_account(value, namespace, caller))),
            "connection.sni" => (SERVER_NAME, holds(&|value| of_sni(value, caller))),
            "destination.port" => ("the port", holds(&|value| of_port(value, caller))),
            key if key.starts_with("request.") => {
                ("the request", http_only(caller, denies, RuleMatch::Unknown))
            }
            _ => ("a condition", RuleMatch::Unknown),
        });
    }
    parts
}

fn source(
    spec: &AuthorizationPolicyRulesFromSource,
    namespace: &str,
    caller: &Caller<'_>,
    denies: bool,
) -> RuleMatch {
    let unknown = |lists: &[&Option<Vec<String>>]| {
        if lists.iter().any(|list| given(list.as_ref())) { RuleMatch::Unknown } else { RuleMatch::Yes }
    };
    let requests = match unknown(&[&spec.request_principals, &spec.not_request_principals]) {
        RuleMatch::Unknown => http_only(caller, denies, RuleMatch::Unknown),
        known => known,
    };
    let matched = [
        lists(spec.namespaces.as_ref(), spec.not_namespaces.as_ref(), &|value| of_namespace(value, caller)),
        lists(spec.principals.as_ref(), spec.not_principals.as_ref(), &|value| of_principal(value, caller)),
        lists(spec.service_accounts.as_ref(), spec.not_service_accounts.as_ref(), &|value| {
            of_account(value, namespace, caller)
        }),
        unknown(&[
            &spec.ip_blocks,
            &spec.not_ip_blocks,
            &spec.remote_ip_blocks,
            &spec.not_remote_ip_blocks,
            &spec.trust_domains,
            &spec.not_trust_domains,
        ]),
        requests,
    ];
    matched.into_iter().min().unwrap_or(RuleMatch::Yes)
}

fn operation(spec: &AuthorizationPolicyRulesToOperation, caller: &Caller<'_>, denies: bool) -> RuleMatch {
    let request = [&spec.methods, &spec.not_methods, &spec.paths, &spec.not_paths]
        .into_iter()
        .any(|list| given(list.as_ref()));
    let hosts = given(spec.hosts.as_ref()) || given(spec.not_hosts.as_ref());
    let matched = [
        if hosts && caller.is_http {
            lists(spec.hosts.as_ref(), spec.not_hosts.as_ref(), &|value| of_host(value, caller))
        } else if hosts {
            http_only(caller, denies, RuleMatch::Unknown)
        } else {
            RuleMatch::Yes
        },
        if request { http_only(caller, denies, RuleMatch::Unknown) } else { RuleMatch::Yes },
        lists(spec.ports.as_ref(), spec.not_ports.as_ref(), &|value| of_port(value, caller)),
    ];
    matched.into_iter().min().unwrap_or(RuleMatch::Yes)
}

/// The most likely mismatch if no operation matches a call.
fn about(operations: &[&AuthorizationPolicyRulesTo], caller: &Caller<'_>) -> &'static str {
    let mut specs = operations.iter().filter_map(|to| to.operation.as_deref());
    if !caller.is_http && !specs.clone().all(|spec| given(spec.ports.as_ref()) && !given(spec.hosts.as_ref()))
    {
        return "its HTTP conditions, which the gateway cannot evaluate here";
    }
    let fits = |spec: &AuthorizationPolicyRulesToOperation| {
        lists(spec.ports.as_ref(), spec.not_ports.as_ref(), &|value| of_port(value, caller)) == RuleMatch::Yes
    };
    if specs.any(fits) { "the host" } else { "the port" }
}

/// Whether any list is not empty.
fn given(list: Option<&Vec<String>>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}

/// A condition on HTTP: on other connections an ALLOW rule with it never matches, and a DENY rule ignores it.
fn http_only(caller: &Caller<'_>, denies: bool, otherwise: RuleMatch) -> RuleMatch {
    match (caller.is_http, denies) {
        (true, _) => otherwise,
        (false, true) => RuleMatch::Yes,
        (false, false) => RuleMatch::No,
    }
}

fn lists(
    values: Option<&Vec<String>>,
    others: Option<&Vec<String>>,
    test: &dyn Fn(&str) -> RuleMatch,
) -> RuleMatch {
    both(values.map(Vec::as_slice).unwrap_or_default(), others.map(Vec::as_slice).unwrap_or_default(), test)
}

/// One of the values matches, if there are any, and none of the `not` values does.
fn both(values: &[String], others: &[String], test: &dyn Fn(&str) -> RuleMatch) -> RuleMatch {
    let best = |list: &[String]| list.iter().map(|value| test(value)).max();
    let wanted = best(values).unwrap_or(RuleMatch::Yes);
    let unwanted = match best(others).unwrap_or(RuleMatch::No) {
        RuleMatch::Yes => RuleMatch::No,
        RuleMatch::Unknown => RuleMatch::Unknown,
        RuleMatch::No => RuleMatch::Yes,
    };
    wanted.min(unwanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WEB: Caller<'_> = Caller {
        namespace: "shop",
        account: Some("web"),
        has_identity: true,
        is_http: true,
        host: "edition.cnn.com",
        port: Some(80),
        listens_on: 8080,
        sni: Some("outbound_.80_.mesh_.egress"),
    };

    fn allows(rule: &serde_json::Value, caller: &Caller<'_>) -> RuleMatch {
        answer(&serde_json::from_value(rule.clone()).unwrap(), "istio-system", caller, false)
    }

    fn denies(rule: &serde_json::Value, caller: &Caller<'_>) -> RuleMatch {
        answer(&serde_json::from_value(rule.clone()).unwrap(), "istio-system", caller, true)
    }

    #[test]
    fn a_rule_without_conditions_matches_everything() {
        assert_eq!(allows(&json!({}), &WEB), RuleMatch::Yes);
    }

    #[test]
    fn sources_are_compared_with_the_identity_of_the_caller() {
        let of = |source: serde_json::Value| json!({ "from": [{ "source": source }] });
        for (source, expected) in [
            (json!({ "namespaces": ["shop"] }), RuleMatch::Yes),
            (json!({ "namespaces": ["sh*"] }), RuleMatch::Yes),
            (json!({ "namespaces": ["billing"] }), RuleMatch::No),
            (json!({ "notNamespaces": ["shop"] }), RuleMatch::No),
            (json!({ "principals": ["cluster.local/ns/shop/sa/web"] }), RuleMatch::Yes),
            (json!({ "principals": ["*/ns/shop/sa/web"] }), RuleMatch::Yes),
            (json!({ "principals": ["td2/ns/shop/sa/web"] }), RuleMatch::Unknown),
            (json!({ "principals": ["cluster.local/ns/shop/sa/job"] }), RuleMatch::No),
            (json!({ "serviceAccounts": ["shop/web"] }), RuleMatch::Yes),
            (json!({ "serviceAccounts": ["web"] }), RuleMatch::No),
            (json!({ "ipBlocks": ["10.0.0.0/8"] }), RuleMatch::Unknown),
            (json!({ "namespaces": ["billing"], "ipBlocks": ["10.0.0.0/8"] }), RuleMatch::No),
        ] {
            assert_eq!(allows(&of(source.clone()), &WEB), expected, "{source}");
        }
    }

    #[test]
    fn without_an_identity_no_source_matches() {
        let nobody = Caller { has_identity: false, ..WEB };
        let rule = json!({ "from": [{ "source": { "namespaces": ["shop"] } }] });
        assert_eq!(allows(&rule, &nobody), RuleMatch::No);
        let rule = json!({ "from": [{ "source": { "notNamespaces": ["billing"] } }] });
        assert_eq!(allows(&rule, &nobody), RuleMatch::Yes);
    }

    #[test]
    fn hosts_are_compared_with_the_port_that_is_dialled() {
        let rule = json!({ "to": [{ "operation": { "hosts": ["edition.cnn.com"] } }] });
        assert_eq!(allows(&rule, &WEB), RuleMatch::Yes);
        assert_eq!(allows(&rule, &Caller { port: Some(8080), ..WEB }), RuleMatch::No);
        let rule = json!({ "to": [{ "operation": { "hosts": ["edition.cnn.com", "edition.cnn.com:*"] } }] });
        assert_eq!(allows(&rule, &Caller { port: Some(8080), ..WEB }), RuleMatch::Yes);
    }

    #[test]
    fn ports_are_those_of_the_pods() {
        let rule = |port: &str| json!({ "to": [{ "operation": { "ports": [port] } }] });
        assert_eq!(allows(&rule("8080"), &WEB), RuleMatch::Yes);
        assert_eq!(allows(&rule("80"), &WEB), RuleMatch::No);
    }

    #[test]
    fn conditions_on_http_void_an_allowance_of_connections_and_vanish_from_a_denial() {
        let tls = Caller { is_http: false, has_identity: false, sni: Some("edition.cnn.com"), ..WEB };
        let rule = json!({ "to": [{ "operation": { "hosts": ["edition.cnn.com"] } }] });
        assert_eq!(allows(&rule, &tls), RuleMatch::No);
        assert_eq!(denies(&rule, &tls), RuleMatch::Yes);
        let rule = json!({ "when": [{ "key": "connection.sni", "values": ["*.cnn.com"] }] });
        assert_eq!(allows(&rule, &tls), RuleMatch::Yes);
    }

    #[test]
    fn what_only_a_request_tells_is_unknown() {
        let rule = json!({ "to": [{ "operation": { "methods": ["GET"] } }] });
        assert_eq!(allows(&rule, &WEB), RuleMatch::Unknown);
        assert_eq!(denies(&rule, &WEB), RuleMatch::Unknown);
    }

    #[test]
    fn rules_that_name_hosts_in_full_are_found_by_them() {
        let of = |rule: serde_json::Value| named_host(&serde_json::from_value(rule).unwrap(), false);
        let hosts = json!({ "to": [{ "operation": { "hosts": ["Edition.cnn.com", "edition.cnn.com:*"] } }] });
        assert_eq!(of(hosts), Some(vec!["edition.cnn.com".to_owned()]));
        assert_eq!(of(json!({ "to": [{ "operation": { "hosts": ["*.cnn.com"] } }] })), None);
        assert_eq!(of(json!({ "to": [{ "operation": { "ports": ["80"] } }] })), None);
        assert_eq!(of(json!({})), None);
    }
}
