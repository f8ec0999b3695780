//! The policy that refuses a call at a waypoint, and the change that allows it.
//!
//! Does not decide whether the call should be allowed.

use egress_core::command::ShellCommand;
use egress_core::resource::Resource;
use serde_json::{Value, json};

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::istio::authorization::{AuthorizationPolicy, CALLER, Denial};
use crate::wording::list;

/// The most policies to name.
const NAMED: usize = 3;

/// Where a call is refused, and the change of the policy that allows it.
pub(super) fn remedy(
    denial: &Denial<'_>,
    entry: &Resource,
    principals: &[String],
    why: &str,
    evidence: &mut Vec<String>,
) -> (Place, Fix) {
    match denial {
        Denial::Denied { by, rule } => {
            evidence.push(format!("rule {rule} of {} denies them", by.name));
            let place = place(by).field(format!("spec.rules[{rule}]"), "DENY");
            (place, exempt(by, *rule, principals, why))
        }
        Denial::NotAllowed { by, nearly } => {
            let names: Vec<&str> = by.iter().take(NAMED).map(|policy| policy.name.as_str()).collect();
            evidence.push(match nearly {
                Some((policy, what)) if *what == CALLER => {
                    format!("no source of {} is one of them", policy.name)
                }
                Some((policy, what)) => format!("{} would allow them, except for {what}", policy.name),
                None => format!("no rule of {} matches the call", list(&names)),
            });
            let policy = nearly.as_ref().map(|(policy, _)| *policy).or(by.first().copied());
            let Some(policy) = policy else {
                // A refusal without a policy does not happen: some ALLOW policy made it.
                let show = ShellCommand::show("serviceentry", &entry.id.name, &entry.id.namespace);
                return (Place::of(&entry.id), fixes::fix(show, why));
            };
            let rules = policy.spec.rules.as_deref().unwrap_or_default();
            let field = match rules {
                [] => "spec.rules".to_owned(),
                rules => {
                    let with_source =
                        rules.iter().position(|rule| rule.from.as_ref().is_some_and(|it| !it.is_empty()));
                    format!("spec.rules[{}].from", with_source.unwrap_or_default())
                }
            };
            (Place { field: Some(field), ..place(policy) }, allow(policy, principals, why))
        }
    }
}

/// Adds callers to the first rule with sources; a policy without any gets a rule.
fn allow(policy: &AuthorizationPolicy, principals: &[String], why: &str) -> Fix {
    let source = json!({ "source": { "principals": principals } });
    let rules = policy.spec.rules.as_deref().unwrap_or_default();
    let with_source = rules.iter().position(|rule| rule.from.as_ref().is_some_and(|from| !from.is_empty()));
    let operation = match (rules, with_source) {
        (_, Some(place)) => {
            json!({ "op": "add", "path": format!("/spec/rules/{place}/from/-"), "value": source })
        }
        ([], None) => json!({ "op": "add", "path": "/spec/rules", "value": [{ "from": [source] }] }),
        (_, None) => json!({ "op": "add", "path": "/spec/rules/-", "value": { "from": [source] } }),
    };
    patched(policy, &operation, why)
}

/// Takes callers out of a DENY rule.
fn exempt(policy: &AuthorizationPolicy, place: usize, principals: &[String], why: &str) -> Fix {
    let mut rule = json!(policy.spec.rules.as_ref().and_then(|rules| rules.get(place)));
    if !rule.is_object() {
        rule = json!({});
    }
    match rule.get_mut("from").and_then(Value::as_array_mut).filter(|sources| !sources.is_empty()) {
        Some(sources) => {
            for source in sources {
                let known = source["source"]["notPrincipals"].as_array().cloned().unwrap_or_default();
                let all: Vec<Value> =
                    known.into_iter().chain(principals.iter().map(|value| json!(value))).collect();
                source["source"]["notPrincipals"] = json!(all);
            }
        }
        None => rule["from"] = json!([{ "source": { "notPrincipals": principals } }]),
    }
    let operation = json!({ "op": "replace", "path": format!("/spec/rules/{place}"), "value": rule });
    patched(policy, &operation, why)
}

fn patched(policy: &AuthorizationPolicy, operation: &Value, why: &str) -> Fix {
    let object = ("authorizationpolicy.security.istio.io", policy.name.as_str(), policy.namespace.as_str());
    fixes::patched(object, &json!([operation]), why)
}

fn place(policy: &AuthorizationPolicy) -> Place {
    Place::new("AuthorizationPolicy", Some(&policy.namespace), &policy.name)
}
