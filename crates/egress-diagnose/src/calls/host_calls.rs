//! The calls to hosts that have no egress path of their own: TCP hosts, wildcards, hosts of a waypoint, and hosts whose
//! ServiceEntry has the gateway as its endpoint.
//!
//! Where a call ends is that of [`egress_core::istio::simulation`]. Writes no messages.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::intent::GatewayName;
use egress_core::istio::gateway_api::is_made;
use egress_core::role::Kind;
use egress_core::visibility::host_matches;
use rayon::prelude::*;

use super::ambient_callers::AmbientCallers;
use super::entry_calls::{EntryCall, entry_calls};
use crate::facts::{ClusterFacts, Request};
use crate::path::NotWalked;
use crate::traffic::routed_call::{
    RoutedCall, RoutedEnd, can_be_computed, refused_by_policy, routed_calls_to,
};
use crate::view::View;

/// The calls to one host, and what becomes of each.
pub struct HostCalls<'a> {
    /// The host, as its object has it: it may be a wildcard.
    pub(crate) host: String,
    /// The namespace of its object.
    pub(crate) namespace: String,
    /// Those that a rule of a VirtualService sends to a gateway.
    pub(crate) routed: Vec<(RoutedCall<'a>, RoutedEnd)>,
    /// Those that the host's ServiceEntry sends to a gateway or a waypoint.
    pub(crate) bound: Vec<(EntryCall<'a>, RoutedEnd)>,
}

impl HostCalls<'_> {
    /// The namespaces that call.
    pub(crate) fn callers(&self) -> Vec<String> {
        let routed = self.routed.iter().map(|(call, _)| call.caller);
        let all: BTreeSet<&str> = routed.chain(self.bound.iter().map(|(call, _)| call.caller)).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The gateway or waypoint that takes the first call.
    pub(crate) fn gateway(&self) -> Option<&GatewayName> {
        let routed = self.routed.iter().map(|(call, _)| &call.gateway.name);
        routed.chain(self.bound.iter().map(|(call, _)| &call.through)).next()
    }

    /// Whether routes of the Gateway API send calls.
    pub(crate) fn is_of_gateway_api(&self) -> bool {
        self.routed.iter().any(|(call, _)| is_made(call.route))
    }

    /// Whether it is known what becomes of all calls, or of one that does not end as its objects want.
    fn is_known(&self) -> bool {
        let routed = self.routed.iter().map(|(_, end)| end);
        let ends: Vec<&RoutedEnd> = routed.chain(self.bound.iter().map(|(_, end)| end)).collect();
        let is_wrong = |end: &&RoutedEnd| matches!(end, RoutedEnd::Otherwise(_));
        let is_open = |end: &&RoutedEnd| matches!(end, RoutedEnd::Unknown);
        ends.iter().any(is_wrong) || !(ends.is_empty() || ends.iter().any(is_open))
    }

    /// Whether a call that a rule sends to a gateway does not leave through it.
    pub(crate) fn is_broken(&self) -> bool {
        self.routed.iter().any(|(_, end)| matches!(end, RoutedEnd::Otherwise(_)))
    }
}

/// The calls of a request to hosts without a path of their own, as far as it is known what becomes of them. `not_walked` are
/// the hosts that no path covers.
pub(crate) fn host_calls<'a>(
    view: &View<'a>,
    facts: &'a ClusterFacts,
    request: &Request,
    not_walked: &[NotWalked],
) -> Vec<HostCalls<'a>> {
    if can_be_computed(view).is_err() {
        return Vec::new();
    }
    let mut routed = by_pattern(view);
    let ambient = AmbientCallers::of(&facts.snapshot);
    let mut hosts: BTreeMap<String, CalledHost<'a>> = BTreeMap::new();
    for NotWalked { host, namespace, reason, .. } in not_walked {
        let called = hosts.entry(host.clone()).or_insert_with(|| CalledHost::of(namespace));
        called.bound.extend(entry_calls(view, &ambient, (namespace, host), *reason));
        called.routed.extend(routed.remove(host.as_str()).into_iter().flatten());
        if request.hosts.iter().any(|asked| asked.as_str() == host) {
            let covering = routed.iter().filter(|(pattern, _)| host_matches(pattern, host));
            called.routed.extend(covering.flat_map(|(_, calls)| calls).map(|call| call.to_host(host)));
        }
    }
    if request.hosts.is_empty() {
        let is_asked = |call: &&RoutedCall<'_>| {
            request.namespace.as_ref().is_none_or(|asked| *asked == call.route.id.namespace)
        };
        for (pattern, calls) in routed {
            let Some(first) = calls.iter().find(is_asked) else { continue };
            let called = CalledHost::of(&first.route.id.namespace);
            hosts.entry(pattern.to_owned()).or_insert(called).routed.extend(calls);
        }
    }
    let views = view.maker();
    let hosts: Vec<_> = hosts.into_iter().collect();
    let followed = hosts.into_par_iter().map_init(&views, |view, (host, called)| called.follow(view, host));
    followed.filter(HostCalls::is_known).collect()
}

/// The calls to one host, not followed yet.
struct CalledHost<'a> {
    namespace: String,
    routed: Vec<RoutedCall<'a>>,
    bound: Vec<EntryCall<'a>>,
}

impl<'a> CalledHost<'a> {
    fn of(namespace: &str) -> Self {
        CalledHost { namespace: namespace.to_owned(), routed: Vec::new(), bound: Vec::new() }
    }

    fn follow(self, view: &View<'a>, host: String) -> HostCalls<'a> {
        let of_rule = |call: RoutedCall<'a>| {
            // No other check tells of policies for these hosts.
            let end = call.end_with_policies(view);
            (call, end)
        };
        // A waypoint that lets some callers pass keeps others out on purpose.
        let ways = self.bound.into_iter().map(|call| {
            let passages = view.simulation().passages(&call.call);
            (call, passages)
        });
        let (refused, passing): (Vec<_>, Vec<_>) =
            ways.partition(|(_, passages)| refused_by_policy(passages).is_some());
        let passing = passing.into_iter().map(|(call, passages)| {
            let end = call.end(view, passages);
            (call, end)
        });
        let mut bound: Vec<(EntryCall<'a>, RoutedEnd)> = passing.collect();
        if bound.is_empty() {
            bound = refused.into_iter().map(|(call, _)| (call, RoutedEnd::Unknown)).collect();
        }
        HostCalls {
            host,
            namespace: self.namespace,
            routed: self.routed.into_iter().map(of_rule).collect(),
            bound,
        }
    }
}

/// The calls that rules send to gateways, for hosts without an egress, by the host in the rule.
fn by_pattern<'a>(view: &View<'a>) -> BTreeMap<&'a str, Vec<RoutedCall<'a>>> {
    let mut found: BTreeMap<&'a str, Vec<RoutedCall<'a>>> = BTreeMap::new();
    let made = view.made().objects().iter().filter(|made| made.id.kind == Kind::VirtualService);
    for route in view.index().of_kind(Kind::VirtualService).iter().copied().chain(made) {
        for call in routed_calls_to(view, route, None, |host| view.egresses_of(host).is_empty()) {
            found.entry(call.pattern).or_default().push(call);
        }
    }
    found
}
