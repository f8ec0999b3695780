//! `validateHTTPRoute`: what a rule for requests does, and where it sends them. Does not know headers and expressions.

use egress_istio::virtual_service::VirtualServiceHttp;

use super::destinations::{destination, routes};
use super::names;
use super::rejection::Rejections;

/// The statuses that an answer without a server may have.
const STATUSES: std::ops::RangeInclusive<i64> = 200..=600;

pub(super) fn check(rule: &VirtualServiceHttp, place: &str, is_of_delegate: bool, found: &mut Rejections) {
    actions(rule, place, is_of_delegate, found);
    for (index, matched) in rule.r#match.iter().flatten().enumerate() {
        let place = format!("{place}.match[{index}]");
        if let Some(port) = matched.port.filter(|port| *port != 0) {
            found.extend(|| format!("{place}.port"), port.to_string(), names::port(port));
        }
        names::gateways(matched.gateways.as_deref().unwrap_or_default(), &format!("{place}.gateways"), found);
        let namespace = matched.source_namespace.as_deref().unwrap_or_default();
        if !namespace.is_empty() && !names::is_label(namespace) {
            found.add(format!("{place}.sourceNamespace"), namespace, "it is no namespace");
        }
    }
    let of_routes = rule.route.iter().flatten().map(|route| {
        let to = &route.destination;
        (
            (
                to.host.as_str(),
                to.subset.as_deref(),
                to.port.as_ref().map(|port| port.number.unwrap_or_default()),
            ),
            route.weight,
        )
    });
    routes(of_routes, place, found);
    mirrors(rule, place, found);
    redirect(rule, place, found);
    rewrite(rule, place, found);
    if let Some(response) = rule.direct_response.as_ref().filter(|one| !STATUSES.contains(&one.status)) {
        let reason = "an answer has a status from 200 to 600";
        found.add(format!("{place}.directResponse.status"), response.status.to_string(), reason);
    }
}

/// `validateHTTPRouteConflict`.
fn actions(rule: &VirtualServiceHttp, place: &str, is_of_delegate: bool, found: &mut Rejections) {
    let has_route = rule.route.as_ref().is_some_and(|routes| !routes.is_empty());
    let (redirects, answers) = (rule.redirect.is_some(), rule.direct_response.is_some());
    if rule.delegate.is_some() {
        if is_of_delegate {
            found.add(format!("{place}.delegate"), "", "a delegate has no delegate");
        } else {
            // istiod looks at nothing else then.
            for (field, is_said) in [("redirect", redirects), ("route", rule.route.is_some())] {
                if is_said {
                    found.add(format!("{place}.{field}"), "", "with a delegate the rule does nothing else");
                }
            }
            return;
        }
    }
    let beside = [
        ("route", has_route),
        ("fault", rule.fault.is_some()),
        ("rewrite", rule.rewrite.is_some()),
        ("directResponse", answers && redirects),
    ];
    if redirects || answers {
        let word = if redirects { "redirect" } else { "directResponse" };
        for (field, _) in beside.into_iter().filter(|(_, is_said)| *is_said) {
            found.add(format!("{place}.{field}"), "", format!("a rule with {word} does not have it as well"));
        }
    } else if !has_route {
        found.add(format!("{place}.route"), "", "a rule has a route, a redirect or a directResponse");
    }
    if rule.mirror.is_some() && rule.mirrors.as_ref().is_some_and(|all| !all.is_empty()) {
        found.add(format!("{place}.mirrors"), "", "either mirror or mirrors, not both");
    }
}

fn mirrors(rule: &VirtualServiceHttp, place: &str, found: &mut Rejections) {
    if let Some(to) = &rule.mirror {
        let port = to.port.as_ref().map(|port| port.number.unwrap_or_default());
        destination((&to.host, to.subset.as_deref(), port), &format!("{place}.mirror"), found);
    }
    for (index, mirror) in rule.mirrors.iter().flatten().enumerate() {
        let to = &mirror.destination;
        let port = to.port.as_ref().map(|port| port.number.unwrap_or_default());
        let place = format!("{place}.mirrors[{index}].destination");
        destination((&to.host, to.subset.as_deref(), port), &place, found);
    }
}

/// `validateHTTPRedirect`.
fn redirect(rule: &VirtualServiceHttp, place: &str, found: &mut Rejections) {
    let Some(redirect) = &rule.redirect else { return };
    let is_said = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
    let place = format!("{place}.redirect");
    if is_said(&redirect.uri) && is_said(&redirect.prefix_rewrite) {
        found.add(format!("{place}.prefixRewrite"), "", "either uri or prefixRewrite, not both");
    }
    let says_something = is_said(&redirect.uri)
        || is_said(&redirect.prefix_rewrite)
        || is_said(&redirect.authority)
        || is_said(&redirect.scheme)
        || redirect.port.is_some()
        || redirect.derive_port.is_some();
    if !says_something {
        found.add(&place, "", "a redirect says uri, authority, scheme or port");
    }
    let code = redirect.redirect_code.unwrap_or_default();
    if code != 0 && !(300..=399).contains(&code) {
        found.add(
            format!("{place}.redirectCode"),
            code.to_string(),
            "a redirect has a status from 300 to 399",
        );
    }
    let scheme = redirect.scheme.as_deref().unwrap_or_default();
    if !["", "http", "https"].contains(&scheme) {
        found.add(format!("{place}.scheme"), scheme, "the scheme is http or https");
    }
    if let Some(port) = redirect.port.filter(|port| *port > 0) {
        found.extend(|| format!("{place}.port"), port.to_string(), names::port(port));
    }
}

/// `validateHTTPRewrite`.
fn rewrite(rule: &VirtualServiceHttp, place: &str, found: &mut Rejections) {
    let Some(rewrite) = &rule.rewrite else { return };
    let is_said = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
    let has_expression = rewrite.uri_regex_rewrite.is_some();
    if is_said(&rewrite.uri) && has_expression {
        found.add(format!("{place}.rewrite"), "", "either uri or uriRegexRewrite, not both");
    }
    if !is_said(&rewrite.uri) && !has_expression && !is_said(&rewrite.authority) {
        found.add(format!("{place}.rewrite"), "", "a rewrite says uri, uriRegexRewrite or authority");
    }
}
