//! EG033: AuthorizationPolicies at the gateway allow the callers.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;
use serde_json::{Value, json};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::authorization::{Authorization, AuthorizationPolicy, CALLER, Caller, Denial};
use crate::istio::listeners::Expects;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(33),
    name: "AuthorizationPolicies at the gateway allow the callers",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Mesh,
        Input::VirtualServices,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::AuthorizationPolicies,
        Input::Pods,
    ],
    beside_the_walk: "EG100 leaves AuthorizationPolicies to this check: it asks for each service account of the callers, \
                      and a call is followed for one of them.",
    docs: "\
## What it checks
Each call, against every AuthorizationPolicy that applies to the gateway's pods: caller namespace and service account
as far as the gateway learns them, host and port of the request, SNI, and the port that the pods listen on. Conditions
that depend on the single request, such as a path or an address, count as met. `CUSTOM`, `AUDIT` and dry runs deny
nothing here.

## Why it matters
Once one policy allows anything, the gateway denies everything that no policy allows: 403 (`RBAC: access denied`) for
HTTP, a reset for TLS. Four conditions look right and never match: a source, if callers do not reach the gateway in
mesh mTLS; a host without its port, if the application calls a port other than 80; the port of the Service instead of
the pods' port; and HTTP conditions on TLS passthrough (istio/istio#22609, istio/istio#46591).

## How to fix
Allow the callers by values that the gateway can see.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let authorization = match view.authorization(gateway) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for call in gateway_connections(view, path, gateway) {
        // If the TLS settings of both sides do not match, the call fails before authorization.
        let met =
            call.server.is_some_and(|server| server.expects != Expects::OwnTls) && call.mismatch().is_none();
        if met && told.insert((call.caller.clone(), call.port, call.route.port, call.route.protocol)) {
            findings.extend(finding(view, path, gateway, &authorization, &call));
        }
    }
    CheckOutcome::of(told.len(), findings)
}

fn finding(
    view: &View<'_>,
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    authorization: &Authorization<'_>,
    call: &GatewayConnection<'_>,
) -> Option<Finding> {
    let pods = view.pods(&call.caller);
    let accounts = pods.iter().map(|pod| pod.service_account.as_str()).filter(|name| !name.is_empty());
    let accounts: BTreeSet<&str> = accounts.collect();
    let caller = caller(path, call);
    let whole = accounts.is_empty() || !call.has_identity();
    let each: Vec<Option<&str>> = if whole { vec![None] } else { accounts.into_iter().map(Some).collect() };
    let refused: Vec<(Option<&str>, Denial<'_>)> = each
        .iter()
        .filter_map(|account| {
            Some((*account, authorization.refusal(&Caller { account: *account, ..caller })?))
        })
        .collect();
    let (_, refusal) = refused.first()?;
    let host = &path.host;
    let who = if refused.len() == each.len() {
        call.caller.clone()
    } else {
        let names: Vec<&str> = refused.iter().filter_map(|(account, _)| *account).collect();
        format!("{} as service account {}", call.caller, list(&names))
    };
    let mut evidence = vec![format!(
        "it sees a call to {host} on port {} of its pods{}",
        call.listens_on,
        call.sni.as_ref().map(|name| format!(", server name {name}")).unwrap_or_default()
    )];
    let (message, object, fix) = match refusal {
        Denial::Denied { by, rule } => (
            format!("the gateway denies calls to {host} from {who}"),
            place(by).field(format!("spec.rules[{rule}]"), "DENY"),
            leave_out(by, *rule, path, call),
        ),
        Denial::NotAllowed { by, nearly } => {
            let names: Vec<String> = by.iter().take(3).map(|policy| policy.name.clone()).collect();
            evidence.push(match nearly {
                Some((policy, what)) => format!("{} would allow it, except for {what}", policy.name),
                None => format!("no rule of {} matches it", list(&names)),
            });
            if !call.has_identity() && nearly.as_ref().is_some_and(|(_, what)| *what == CALLER) {
                evidence
                    .push("callers do not reach it in mesh mTLS, so it does not know the caller".to_owned());
            }
            let by = nearly.as_ref().map(|(policy, _)| *policy).or(by.first().copied())?;
            (
                format!("the gateway allows other callers, but not {who} to {host}"),
                place(by),
                allow(path, gateway, call),
            )
        }
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object,
        evidence,
        consequence: match call.route.protocol {
            Protocol::Http => format!("HTTP calls from {who} to {host} get 403 from the gateway"),
            Protocol::Tls => format!("TLS calls from {who} to {host} are reset by the gateway"),
        },
        fix,
    })
}

fn caller<'b>(path: &'b EgressPath<'_>, call: &'b GatewayConnection<'_>) -> Caller<'b> {
    Caller {
        namespace: &call.caller,
        account: None,
        has_identity: call.has_identity(),
        is_http: is_http(call),
        host: &path.host,
        port: call.route.port,
        listens_on: call.listens_on,
        sni: call.sni.as_deref(),
    }
}

/// Whether the server of a call parses HTTP.
fn is_http(call: &GatewayConnection<'_>) -> bool {
    call.server.is_some_and(|server| {
        let protocol = server.spec.port.protocol.to_ascii_uppercase();
        server.expects != Expects::Passthrough
            && (protocol.starts_with("HTTP") || protocol.starts_with("GRPC"))
    })
}

fn place(policy: &AuthorizationPolicy) -> Place {
    Place::new("AuthorizationPolicy", Some(&policy.namespace), &policy.name)
}

/// A policy that allows a call by the properties that the gateway sees.
fn allow(path: &EgressPath<'_>, gateway: &GatewayFacts, call: &GatewayConnection<'_>) -> Fix {
    let mut rule = json!({});
    if call.has_identity() {
        rule["from"] = json!([{ "source": { "namespaces": [call.caller] } }]);
    }
    if is_http(call) {
        rule["to"] = json!([{ "operation": { "hosts": hosts(path) } }]);
    } else if let Some(name) = &call.sni {
        rule["when"] = json!([{ "key": "connection.sni", "values": [name] }]);
    }
    let protocol = call.route.protocol.to_string().to_lowercase();
    let name = format!("{}-{}-{protocol}", call.caller, path.host.replace(['.', '*'], "-"));
    let manifest = json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": { "name": name.trim_matches('-'), "namespace": gateway.name.namespace },
        "spec": { "selector": { "matchLabels": gateway.selector }, "action": "ALLOW", "rules": [rule] },
    });
    fixes::apply(&manifest, "allows the call by values that the gateway sees")
}

/// A DENY rule without one caller, or without one host if the gateway does not know its callers.
fn leave_out(
    policy: &AuthorizationPolicy,
    place: usize,
    path: &EgressPath<'_>,
    call: &GatewayConnection<'_>,
) -> Fix {
    let mut rule = json!(policy.spec.rules.as_ref().and_then(|rules| rules.get(place)));
    if !rule.is_object() {
        rule = json!({});
    }
    if call.has_identity() {
        exempt(&mut rule, "from", "source", "notNamespaces", std::slice::from_ref(&call.caller));
    } else if is_http(call) {
        exempt(&mut rule, "to", "operation", "notHosts", &hosts(path));
    } else {
        let condition =
            json!({ "key": "connection.sni", "notValues": [call.sni.clone().unwrap_or_default()] });
        match rule.get_mut("when").and_then(Value::as_array_mut) {
            Some(conditions) => conditions.push(condition),
            None => rule["when"] = json!([condition]),
        }
    }
    let change = json!([{ "op": "replace", "path": format!("/spec/rules/{place}"), "value": rule }]);
    let object = ("authorizationpolicy.security.istio.io", policy.name.as_str(), policy.namespace.as_str());
    fixes::patched(
        object,
        &change,
        "excludes these calls from the DENY rule; first ask its owner whether the denial is intended",
    )
}

/// Adds values to a list of every source or operation of a rule.
fn exempt(rule: &mut Value, list: &str, inner: &str, key: &str, values: &[String]) {
    match rule.get_mut(list).and_then(Value::as_array_mut).filter(|entries| !entries.is_empty()) {
        Some(entries) => {
            for entry in entries {
                let known = entry[inner][key].as_array().cloned().unwrap_or_default();
                let all: Vec<Value> =
                    known.into_iter().chain(values.iter().map(|value| json!(value))).collect();
                entry[inner][key] = json!(all);
            }
        }
        None => rule[list] = json!([{ inner: { key: values } }]),
    }
}

/// The host as requests name it, with and without a port.
fn hosts(path: &EgressPath<'_>) -> Vec<String> {
    vec![path.host.clone(), format!("{}:*", path.host)]
}
