//! Which `AuthorizationPolicy` applies to a call at a gateway or a waypoint, and its result.
//!
//! Follows `ListAuthorizationPolicies` in `pilot/pkg/model/authorization.go` and `build` in
//! `pilot/pkg/security/authz/builder/builder.go`: denials first, then, where there is any allowance at all, one of them
//! must match. `CUSTOM` asks a service that nobody can foresee, and `AUDIT` decides nothing.

use std::collections::BTreeMap;

use crate::label_selector::has_labels;
use crate::related_resources::Named;
use crate::snapshot::GatewayFacts;
use egress_istio::authorization_policy::{
    AuthorizationPolicyAction as Action, AuthorizationPolicyRules, AuthorizationPolicySpec,
};

mod caller;
mod rule;
mod values;

pub use caller::Caller;
pub use rule::CALLER;
use rule::{RuleMatch, named_host};

/// An `AuthorizationPolicy`.
pub type AuthorizationPolicy = Named<AuthorizationPolicySpec>;

/// The policies of one gateway, indexed so that a call is checked only against the rules for its host.
#[derive(Debug, Default)]
pub struct Authorization<'a> {
    allow: Rules<'a>,
    deny: Rules<'a>,
    /// A `CUSTOM` policy asks a service.
    asks: bool,
    /// The ALLOW policies, in the order in which they are read.
    allowing: Vec<&'a AuthorizationPolicy>,
}

#[derive(Debug, Default)]
struct Rules<'a> {
    by_host: BTreeMap<String, Vec<AuthorizationRule<'a>>>,
    general: Vec<AuthorizationRule<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct AuthorizationRule<'a> {
    policy: &'a AuthorizationPolicy,
    place: usize,
    spec: &'a AuthorizationPolicyRules,
}

/// What policies do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationAnswer {
    /// They let it pass.
    Passes,
    /// They refuse it.
    Refuses,
    /// A service decides, or something that the objects do not tell.
    Undecided,
}

/// Why a call is refused.
#[derive(Clone, Debug)]
pub enum Denial<'a> {
    /// A rule denies it.
    Denied {
        /// Its policy.
        by: &'a AuthorizationPolicy,
        /// Its index in the policy.
        rule: usize,
    },
    /// There are ALLOW policies, and none matches the call.
    NotAllowed {
        /// The ALLOW policies.
        by: Vec<&'a AuthorizationPolicy>,
        /// The rule that would allow it, and the condition that it misses.
        nearly: Option<(&'a AuthorizationPolicy, &'static str)>,
    },
}

/// The policies that a gateway's pods enforce and that may refuse a call.
pub fn at_gateway<'a>(
    all: &'a [AuthorizationPolicy],
    root: &str,
    gateway: &GatewayFacts,
) -> impl Iterator<Item = &'a AuthorizationPolicy> {
    let may_refuse = |policy: &&AuthorizationPolicy| policy.spec.action != Some(Action::Audit);
    all.iter().filter(move |policy| is_for(policy, root, gateway)).filter(may_refuse)
}

impl<'a> Authorization<'a> {
    /// The policies of a gateway of Istio.
    pub fn new(all: &'a [AuthorizationPolicy], root: &str, gateway: &GatewayFacts) -> Self {
        Authorization::of(all.iter().filter(|policy| is_for(policy, root, gateway)))
    }

    /// The policies of one pod that is a gateway, by its namespace and labels.
    pub fn at_pod(
        all: &'a [AuthorizationPolicy],
        root: &str,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Self {
        Authorization::of(
            all.iter().filter(|policy| !is_dry(policy) && selects(policy, root, namespace, labels)),
        )
    }

    /// The policies of a waypoint, by namespace and name, for calls to one ServiceEntry or Service: its kind, namespace and name.
    pub fn at_waypoint(
        all: &'a [AuthorizationPolicy],
        root: &str,
        waypoint: (&str, &str),
        called: (&str, &str, &str),
    ) -> Self {
        Authorization::of(all.iter().filter(|policy| is_for_waypoint(policy, root, waypoint, called)))
    }

    fn of(policies: impl Iterator<Item = &'a AuthorizationPolicy>) -> Self {
        let mut found = Authorization::default();
        for policy in policies {
            let rules = policy.spec.rules.iter().flatten().enumerate();
            let rules = rules.map(|(place, spec)| AuthorizationRule { policy, place, spec });
            match policy.spec.action.as_ref().unwrap_or(&Action::Allow) {
                Action::Allow => {
                    found.allowing.push(policy);
                    rules.for_each(|rule| found.allow.insert(rule, false));
                }
                Action::Deny => rules.for_each(|rule| found.deny.insert(rule, true)),
                Action::Custom => found.asks = true,
                Action::Audit => {}
            }
        }
        found
    }

    /// Whether an ALLOW rule names one of these callers: their namespace, an account, a principal.
    pub fn names(&self, namespace: &str, accounts: &[&str]) -> bool {
        let rules = self.allow.by_host.values().flatten().chain(&self.allow.general);
        rules.into_iter().any(|rule| {
            accounts
                .iter()
                .any(|account| rule::names(rule.spec, &rule.policy.namespace, (namespace, account)))
        })
    }

    /// Whether there is an ALLOW policy.
    pub fn allows_some(&self) -> bool {
        !self.allowing.is_empty()
    }

    /// What becomes of a call.
    pub fn answer(&self, caller: &Caller<'_>) -> AuthorizationAnswer {
        if self.asks {
            return AuthorizationAnswer::Undecided;
        }
        let best = |rules: &Rules<'a>, denies: bool| {
            let answer = |rule: &AuthorizationRule<'a>| {
                rule::answer(rule.spec, &rule.policy.namespace, caller, denies)
            };
            rules.of(caller).map(answer).max().unwrap_or(RuleMatch::No)
        };
        let allowed = if self.allowing.is_empty() { RuleMatch::Yes } else { best(&self.allow, false) };
        match (best(&self.deny, true), allowed) {
            (RuleMatch::Yes, _) | (_, RuleMatch::No) => AuthorizationAnswer::Refuses,
            (RuleMatch::No, RuleMatch::Yes) => AuthorizationAnswer::Passes,
            (RuleMatch::Unknown, _) | (_, RuleMatch::Unknown) => AuthorizationAnswer::Undecided,
        }
    }

    /// Why a call is refused; none if it is allowed or unknown.
    pub fn refusal(&self, caller: &Caller<'_>) -> Option<Denial<'a>> {
        let denies = |rule: &&AuthorizationRule<'a>| {
            rule::answer(rule.spec, &rule.policy.namespace, caller, true) == RuleMatch::Yes
        };
        if let Some(rule) = self.deny.of(caller).find(denies) {
            return Some(Denial::Denied { by: rule.policy, rule: rule.place });
        }
        let answer =
            |rule: &AuthorizationRule<'a>| rule::answer(rule.spec, &rule.policy.namespace, caller, false);
        if self.allowing.is_empty() || self.allow.of(caller).any(|rule| answer(rule) != RuleMatch::No) {
            return None;
        }
        let near = |rule: &AuthorizationRule<'a>| {
            Some((rule.policy, rule::misses(rule.spec, &rule.policy.namespace, caller)?))
        };
        // A rule for another SNI does not apply to this call.
        let nearly =
            self.allow.of(caller).filter_map(near).min_by_key(|(_, what)| *what == rule::SERVER_NAME);
        Some(Denial::NotAllowed { by: self.allowing.clone(), nearly })
    }
}

impl<'a> Rules<'a> {
    fn insert(&mut self, rule: AuthorizationRule<'a>, denies: bool) {
        let Some(hosts) = named_host(rule.spec, denies) else {
            self.general.push(rule);
            return;
        };
        for host in hosts {
            self.by_host.entry(host).or_default().push(rule);
        }
    }

    fn of<'b>(&'b self, caller: &'b Caller<'_>) -> impl Iterator<Item = &'b AuthorizationRule<'a>> {
        let names = [Some(caller.host), caller.sni.filter(|name| *name != caller.host)];
        let exact =
            names.into_iter().flatten().filter_map(|name| self.by_host.get(&name.to_ascii_lowercase()));
        exact.flatten().chain(&self.general)
    }
}

/// Whether a policy is enforced at a gateway's pods.
fn is_for(policy: &AuthorizationPolicy, root: &str, gateway: &GatewayFacts) -> bool {
    let selected = |labels: &BTreeMap<String, String>| selects(policy, root, &gateway.name.namespace, labels);
    let mut pods = gateway.pods.iter().map(|pod| &pod.labels);
    let any = if gateway.pods.is_empty() { selected(&gateway.selector) } else { pods.any(selected) };
    !is_dry(policy) && any
}

/// Whether a policy is for a pod that is a gateway: it lies in the pod's namespace or in the root namespace, and selects it.
/// One with targets is for gateways of the Gateway API in its own namespace alone. `ShouldAttachPolicy` in
/// `pilot/pkg/model/policyattachment.go`.
fn selects(
    policy: &AuthorizationPolicy,
    root: &str,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> bool {
    let targets = targets(policy);
    if !targets.is_empty() {
        let of = labels.get("gateway.networking.k8s.io/gateway-name");
        let is_target = |of: &String| targets.iter().any(|(kind, name)| *kind == "Gateway" && name == of);
        return policy.namespace == namespace && of.is_some_and(is_target);
    }
    let wanted = policy.spec.selector.as_ref().and_then(|selector| selector.match_labels.as_ref());
    (policy.namespace == namespace || policy.namespace == root)
        && has_labels(labels, wanted.into_iter().flatten())
}

/// Whether a policy is enforced by a waypoint for calls to an entry or a Service: it targets this from the same namespace, the waypoint from the waypoint's, or from the root namespace the class of all waypoints. A selector, or no
/// word at all, never means a waypoint. `ShouldAttachPolicy` in `pilot/pkg/model/policyattachment.go`.
fn is_for_waypoint(
    policy: &AuthorizationPolicy,
    root: &str,
    (namespace, name): (&str, &str),
    called: (&str, &str, &str),
) -> bool {
    let here = policy.namespace.as_str();
    let meant = |(kind, target): (&str, &str)| match kind {
        "ServiceEntry" | "Service" => (kind, here, target) == called,
        "Gateway" => here == namespace && target == name,
        "GatewayClass" => here == root && target == "istio-waypoint",
        _ => false,
    };
    !is_dry(policy) && targets(policy).into_iter().any(meant)
}

/// The kinds and names that a policy targets. `targetRef` counts where there are no `targetRefs`.
fn targets(policy: &AuthorizationPolicy) -> Vec<(&str, &str)> {
    let spec = &policy.spec;
    let targets =
        spec.target_refs.iter().flatten().map(|target| (target.kind.as_str(), target.name.as_str()));
    let target = spec.target_ref.as_ref().map(|target| (target.kind.as_str(), target.name.as_str()));
    targets.chain(target).collect()
}

fn is_dry(policy: &AuthorizationPolicy) -> bool {
    policy.annotations.get("istio.io/dry-run").is_some_and(|word| word == "true")
}
