//! A rule of an HTTPRoute or a GRPCRoute as a rule of a VirtualService.
//!
//! Follows `convertHTTPRoute` and `convertGRPCRoute` in `conversion.go`. Mirrors, CORS, timeouts and retries change nothing of
//! where a call goes and are left out.

use serde_json::{Map, Value, json};

use super::backend::{RuleOwner, Unusable, destination, weighted};
use super::matches::{of_grpc, of_http};
use super::value::{list, number, text};

/// Filters that are left out.
const WITHOUT_EFFECT: [&str; 3] = ["ResponseHeaderModifier", "RequestMirror", "CORS"];

/// The rules that one rule becomes: one for each match.
///
/// # Errors
/// What makes istiod leave out all rules of the route.
pub(super) fn rules(owner: RuleOwner<'_>, rule: &Value) -> Result<Vec<Value>, Unusable> {
    let made = of_rule(owner, rule)?;
    let is_grpc = owner.kind == "GRPCRoute";
    let mut matches: Vec<Value> =
        list(rule, "matches").iter().map(if is_grpc { of_grpc } else { of_http }).collect();
    if matches.is_empty() && !is_grpc {
        // An API server writes it.
        matches.push(of_http(&Value::Null));
    }
    if matches.is_empty() {
        return Ok(vec![made]);
    }
    let with = |matched: Value| {
        let mut one = made.clone();
        one["match"] = json!([matched]);
        one
    };
    Ok(matches.into_iter().map(with).collect())
}

fn of_rule(owner: RuleOwner<'_>, rule: &Value) -> Result<Value, Unusable> {
    let mut made = json!({});
    for filter in list(rule, "filters") {
        match text(filter, "type").unwrap_or_default() {
            "RequestHeaderModifier" => {
                made["headers"] = json!({ "request": headers(filter)? });
            }
            "RequestRedirect" => {
                let redirect = filter.get("requestRedirect").unwrap_or(&Value::Null);
                made["redirect"] = json!({ "redirectCode": number(redirect, "statusCode").unwrap_or(302) });
            }
            "URLRewrite" => {
                let host = filter.get("urlRewrite").and_then(|rewrite| text(rewrite, "hostname"));
                if let Some(host) = host {
                    made["rewrite"] = json!({ "authority": host });
                }
            }
            other if WITHOUT_EFFECT.contains(&other) => {}
            _ => return Err(Unusable),
        }
    }
    let backends = list(rule, "backendRefs");
    let used = weighted(backends);
    if used.is_empty() && made.get("redirect").is_none() {
        made["directResponse"] = json!({ "status": 500 });
        return Ok(made);
    }
    let mut routes = Vec::new();
    for (backend, weight) in &used {
        let mut route = json!({ "destination": destination(owner, backend)? });
        if used.len() > 1 {
            route["weight"] = (*weight).into();
        }
        for filter in list(backend, "filters") {
            match text(filter, "type").unwrap_or_default() {
                "RequestHeaderModifier" => route["headers"] = json!({ "request": headers(filter)? }),
                "ResponseHeaderModifier" => {}
                _ => return Err(Unusable),
            }
        }
        routes.push(route);
    }
    made["route"] = routes.into();
    Ok(made)
}

/// `createHeadersFilter`: of two headers with one name the first counts.
fn headers(filter: &Value) -> Result<Value, Unusable> {
    let modifier = filter.get("requestHeaderModifier").unwrap_or(&Value::Null);
    let mut found = json!({});
    for field in ["set", "add"] {
        let mut values = Map::new();
        for header in list(modifier, field) {
            let value = text(header, "value").unwrap_or_default();
            if value.bytes().any(|byte| byte != b'\t' && (byte < b' ' || byte == 0x7f)) {
                return Err(Unusable);
            }
            let name = text(header, "name").unwrap_or_default().to_ascii_lowercase();
            values.entry(name).or_insert_with(|| value.into());
        }
        if !values.is_empty() {
            found[field] = Value::Object(values);
        }
    }
    Ok(found)
}
