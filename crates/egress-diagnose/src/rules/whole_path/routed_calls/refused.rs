//! Calls that an AuthorizationPolicy refuses at a gateway, with the policy and the rule that decide.
//!
//! Which one decides is computed by [`egress_core::istio::simulation`].

use std::collections::BTreeMap;

use egress_core::command::ShellCommand;
use egress_core::istio::authorization::{AuthorizationPolicy, Denial};
use egress_core::istio::call::Speaks;

use super::code::{CODE, LEVEL};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;
use crate::wording::{list, some_of};

/// Policies that are named; there may be many.
const NAMED: usize = 3;

/// One finding for each policy that decides, whoever calls.
pub(super) fn findings(view: &View<'_>, host: &str, refused: &[&RoutedCall<'_>]) -> Vec<Finding> {
    let mut causes: BTreeMap<String, CallsRefusedByPolicy<'_>> = BTreeMap::new();
    for call in refused {
        let Some((_, denial)) = view.simulation().denials(&call.call).into_iter().next() else { continue };
        let Some((place, what)) = decided(&denial) else { continue };
        let cause = causes
            .entry(format!("{place}{}", what.is_denied))
            .or_insert_with(|| CallsRefusedByPolicy { call, place, what, callers: Vec::new() });
        if !cause.callers.contains(&call.caller) {
            cause.callers.push(call.caller);
        }
    }
    causes.into_values().map(|cause| cause.finding(host)).collect()
}

/// Calls that one policy refuses.
struct CallsRefusedByPolicy<'c> {
    /// The first of them.
    call: &'c RoutedCall<'c>,
    place: Place,
    what: WhatDecides,
    callers: Vec<&'c str>,
}

/// How the policy decides.
struct WhatDecides {
    /// A rule denies the call; else none allows it.
    is_denied: bool,
    fact: String,
}

impl CallsRefusedByPolicy<'_> {
    fn finding(self, host: &str) -> Finding {
        let CallsRefusedByPolicy { call, place, what, mut callers } = self;
        callers.sort_unstable();
        let callers = some_of(&callers);
        let gateway = &call.gateway.name;
        let (verb, why) = if what.is_denied {
            ("denies", "shows the policy; exclude the callers from the rule, if the denial is not intended")
        } else {
            ("does not allow", "shows the policy; allow the callers by a value that the gateway sees")
        };
        let show = ShellCommand::show(
            "authorizationpolicy.security.istio.io",
            &place.name,
            place.namespace.as_deref().unwrap_or_default(),
        );
        Finding {
            code: CODE,
            confidence: Confidence::Certain,
            level: LEVEL,
            message: format!(
                "an AuthorizationPolicy {verb} calls from {callers} to {host}:{} at {gateway}",
                call.call.port
            ),
            object: place,
            evidence: vec![what.fact],
            consequence: match call.call.speaks {
                Speaks::Http { .. } => {
                    format!("HTTP calls from {callers} to {host} get 403 from the gateway")
                }
                Speaks::Tls { .. } | Speaks::Bytes => {
                    format!("connections from {callers} to {host} are reset by the gateway")
                }
            },
            fix: fixes::fix(show, why),
        }
    }
}

/// The policy that decides, and how.
fn decided(denial: &Denial<'_>) -> Option<(Place, WhatDecides)> {
    let place = |policy: &AuthorizationPolicy| {
        Place::new("AuthorizationPolicy", Some(&policy.namespace), &policy.name)
    };
    Some(match denial {
        Denial::Denied { by, rule } => {
            let fact = format!("rule {rule} of this policy matches the calls");
            (place(by).field(format!("spec.rules[{rule}]"), "DENY"), WhatDecides { is_denied: true, fact })
        }
        Denial::NotAllowed { nearly: Some((policy, what)), .. } => {
            let fact = format!("a rule of this policy would allow them, except for {what}");
            (place(policy), WhatDecides { is_denied: false, fact })
        }
        Denial::NotAllowed { by, nearly: None } => {
            let names: Vec<String> = by.iter().take(NAMED).map(|policy| place(policy).object()).collect();
            let fact = match by.len() {
                1 => "it is the only ALLOW policy there, and no rule of it matches the calls".to_owned(),
                all if all > NAMED => {
                    format!("no rule of {} and {} more matches the calls", names.join(", "), all - NAMED)
                }
                _ => format!("no rule of {} matches the calls", list(&names)),
            };
            (place(by.first()?), WhatDecides { is_denied: false, fact })
        }
    })
}
