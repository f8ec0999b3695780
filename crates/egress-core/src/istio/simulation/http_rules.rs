//! The HTTP rules of a VirtualService for one proxy and port, and what they do with a request.
//!
//! Follows `BuildHTTPRoutesForVirtualService`, `TranslateRoute` and `GetDestinationCluster` in
//! `pilot/pkg/networking/core/route/route.go`. Mirrors and faults are not known here.

use std::collections::BTreeMap;

use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceHttpMatch};

use super::cluster::ClusterKey;
use super::host_index::host_of_rule;
use super::http_match::{PlainRequest, is_catch_all, takes};
use super::scope::KnownService;
use super::service::ServiceSource;
use super::world::World;
use crate::istio::route_destination::RouteDestination;
use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::PodFacts;
use crate::visibility::virtual_service::gateway_in_full;

/// For whom rules are chosen.
pub(super) struct RuleContext<'q, 'w> {
    pub(super) world: &'q World<'w>,
    pub(super) pod: &'q PodFacts,
    /// `mesh`, or `namespace/name` of a Gateway object.
    pub(super) gateway: &'q str,
    /// The port of the listener; at a gateway the number that its server has in the object.
    pub(super) port: u16,
    /// The service of a destination, where the proxy looks for its only port.
    pub(super) service: &'q dyn Fn(&str, &Resource) -> Option<KnownService<'w>>,
}

/// One match of a rule.
#[derive(Clone, Debug)]
pub(super) struct HttpRule<'w> {
    pub(super) resource: &'w Resource,
    /// Whether it takes the request.
    pub(super) takes: bool,
    /// Whether istiod takes it for one that takes everything.
    pub(super) is_catch_all: bool,
    pub(super) action: HttpAction,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(super) enum HttpAction {
    /// It answers with this status.
    Answer(u16),
    /// It sends the request to one of these, with this host in place of its own.
    Send(Vec<(ClusterKey, Option<String>)>),
}

/// The rules that are for the proxy, in their order, up to the first that takes everything.
pub(super) fn rules<'w>(
    context: &RuleContext<'_, 'w>,
    resource: &'w Resource,
    request: PlainRequest<'_>,
) -> Vec<HttpRule<'w>> {
    let mut found = Vec::new();
    for rule in context.world.merged_rules.of(resource) {
        let action = action(context, resource, rule);
        let matches = rule.r#match.as_deref().unwrap_or_default();
        if matches.is_empty() {
            found.push(HttpRule { resource, takes: true, is_catch_all: true, action });
            return found;
        }
        for matched in matches {
            let port = matched.port.unwrap_or_default();
            if (port != 0 && port != i64::from(context.port)) || !is_for(context, resource, matched) {
                continue;
            }
            let is_catch_all = is_catch_all(matched);
            found.push(HttpRule {
                resource,
                takes: takes(matched, request),
                is_catch_all,
                action: action.clone(),
            });
            if is_catch_all {
                return found;
            }
        }
    }
    found
}

/// Whether a match is for the proxy: names of gateways decide alone, else labels and namespace. `sourceMatchHTTP`.
fn is_for(context: &RuleContext<'_, '_>, resource: &Resource, matched: &VirtualServiceHttpMatch) -> bool {
    let names = matched.gateways.as_deref().unwrap_or_default();
    if !names.is_empty() {
        return names.iter().any(|name| gateway_in_full(name, &resource.id.namespace) == context.gateway);
    }
    let namespace = matched.source_namespace.as_deref().unwrap_or_default();
    has_labels(&context.pod.labels, matched.source_labels.iter().flatten())
        && (namespace.is_empty() || namespace == context.pod.namespace)
}

fn action(context: &RuleContext<'_, '_>, resource: &Resource, rule: &VirtualServiceHttp) -> HttpAction {
    if let Some(redirect) = &rule.redirect {
        let status = redirect.redirect_code.filter(|code| *code != 0).unwrap_or(301);
        return HttpAction::Answer(u16::try_from(status).unwrap_or(301));
    }
    if let Some(answer) = &rule.direct_response {
        return HttpAction::Answer(u16::try_from(answer.status).unwrap_or_default());
    }
    let request = rule.headers.as_ref().and_then(|headers| headers.request.as_ref());
    let set = request.and_then(|request| authority(request.set.as_ref(), request.add.as_ref()));
    let rewritten =
        rule.rewrite.as_ref().and_then(|rewrite| rewrite.authority.clone()).filter(|it| !it.is_empty());
    let all = rewritten.or(set);
    let routes = rule.route.as_deref().unwrap_or_default();
    // The weight of an only destination does not count.
    let is_used = |weight: Option<i32>| routes.len() == 1 || weight.unwrap_or_default() > 0;
    let destinations = routes.iter().filter(|route| is_used(route.weight)).map(|route| {
        let request = route.headers.as_ref().and_then(|headers| headers.request.as_ref());
        let own = request.and_then(|request| authority(request.set.as_ref(), request.add.as_ref()));
        let key = destination(context, resource, (&route.destination).into());
        (key, all.clone().or(own))
    });
    HttpAction::Send(destinations.collect())
}

/// The `Host` header among headers that are set; one that is set comes before one that is added.
fn authority(
    set: Option<&BTreeMap<String, String>>,
    add: Option<&BTreeMap<String, String>>,
) -> Option<String> {
    let host = |headers: Option<&BTreeMap<String, String>>| {
        let mut headers = headers.into_iter().flatten();
        let is_host =
            |name: &str| name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host");
        headers
            .find(|(name, _)| is_host(name))
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    host(set).or_else(|| host(add))
}

/// The cluster of a destination: without a port that of the service's only port, else that of the listener.
/// `GetDestinationCluster`.
pub(super) fn destination(
    context: &RuleContext<'_, '_>,
    resource: &Resource,
    to: RouteDestination<'_>,
) -> ClusterKey {
    let host = host_of_rule(to.host, resource, context.world.mesh).into_owned();
    let service = (context.service)(&host, resource);
    let only = || match service.as_ref().map(|known| known.ports.as_ref()) {
        Some([only]) => Some(only.number),
        _ => None,
    };
    let number = match to.port {
        Some(number) => u16::try_from(number).unwrap_or_default(),
        None => only().unwrap_or(context.port),
    };
    let alias = service.as_ref().and_then(|known| match known.service.source {
        ServiceSource::Kubernetes(facts) => facts.external_name.clone(),
        ServiceSource::Entry(_) => None,
    });
    ClusterKey { host: alias.unwrap_or(host), port: number, subset: to.subset.map(str::to_owned) }
}
