//! What a configuration says and CEL cannot: told one by one, with what that does to the policy.

use serde::Serialize;

use super::layer::{ExportedLayer, answers, modules};
use super::source::{EXCUSE, ExportSource};
use super::twin;
use crate::config::{PolicyConfig, Source as Origin};
use crate::descriptor::Hook;
use crate::rules::Rules;

/// One thing that the policy does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Where it is in the configuration, such as `policies.baseline.settings.pin`.
    pub at: String,
    /// What its absence does.
    pub effect: OmissionEffect,
    /// One sentence.
    pub message: String,
}

/// What the absence of something does to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OmissionEffect {
    /// It lets through what the configuration refuses.
    Weaker,
    /// It refuses what the configuration lets through.
    Stronger,
    /// It judges the same.
    None,
}

/// Everything that is left out, in the order of the configuration.
pub(super) fn of(source: &ExportSource<'_>, layer: &ExportedLayer) -> Vec<LeftOut> {
    // Every field is named, so that the compiler asks about a new one. Of the others, the default is in the policy, and the
    // rest refuses no host.
    let PolicyConfig { policies, exceptions: _, default: _, naming: _, label_prefixes: _, limits: _ } =
        source.set;
    let mut found = Vec::new();
    for entry in policies.iter().filter(|entry| entry.source == Origin::Builtin) {
        // Wrong settings were refused before.
        let Ok(rules) = Rules::new(&entry.settings) else { continue };
        let asked = |hook| answers(entry, hook);
        found.extend(settings(&entry.name, &rules, &asked));
    }
    for entry in modules(source) {
        let at = || format!("policies.{}", entry.name);
        let mut answered = Hook::ALL.into_iter().filter(|hook| answers(entry, *hook));
        found.push(match answered.find_map(|hook| not_asked(hook, source)) {
            Some(lost) => {
                let message = format!("the API server does not run modules: {lost}");
                LeftOut { at: at(), effect: OmissionEffect::Weaker, message }
            }
            None => names(at(), "the module"),
        });
    }
    found.extend(exceptions(source, layer));
    found
}

/// What is lost where a module is not asked this question; `None`: it would refuse no host. Every hook is named, so that the
/// compiler asks about a new one.
fn not_asked(hook: Hook, source: &ExportSource<'_>) -> Option<String> {
    match hook {
        Hook::Hosts if source.set.default == Some(crate::layer::Effect::Allow) => {
            Some("hosts that it denies are not refused".to_owned())
        }
        Hook::Hosts => Some(
            "hosts that it denies are not refused, and hosts that no `rules` denies are not refused, because the module may \
             allow them"
                .to_owned(),
        ),
        Hook::Pinning => Some("its nodes are not required".to_owned()),
        Hook::Naming => None,
    }
}

fn settings(policy: &str, rules: &Rules, asked: &dyn Fn(Hook) -> bool) -> Vec<LeftOut> {
    let lists = rules.lists();
    let at = |field: &str| format!("policies.{policy}.settings.{field}");
    let mut found = Vec::new();
    if let Some(hop) = lists.hop.filter(|hop| asked(Hook::Hosts) && *hop != twin::PASSTHROUGH) {
        let message = format!("other objects set the hop to the gateway: `{hop}` is not required");
        found.push(LeftOut { at: at("hop"), effect: OmissionEffect::Weaker, message });
    }
    if lists.pin && asked(Hook::Pinning) {
        let message = "no object sets the nodes of the gateway: the nodes are not required".to_owned();
        found.push(LeftOut { at: at("pin"), effect: OmissionEffect::Weaker, message });
    }
    if lists.names && asked(Hook::Naming) {
        found.push(names(at("names"), "it"));
    }
    if lists.labels && asked(Hook::Naming) {
        found.push(names(at("labels"), "it"));
    }
    found
}

fn names(at: String, who: &str) -> LeftOut {
    let message = format!("{who} sets how `kubectl egress` writes objects, and refuses no host");
    LeftOut { at, effect: OmissionEffect::None, message }
}

/// Exceptions that lift a denial which the policy has. CEL has no clock, so a denial is never lifted.
fn exceptions(source: &ExportSource<'_>, layer: &ExportedLayer) -> Vec<LeftOut> {
    let exported = |policy: &Option<String>| {
        policy.as_ref().is_none_or(|policy| layer.policies.iter().any(|other| other.name == *policy))
    };
    let (group, resource, verb) = EXCUSE;
    let holding = source
        .set
        .exceptions
        .iter()
        .enumerate()
        .filter(|(_, exception)| source.today <= exception.until && exported(&exception.policy));
    let told = holding.map(|(place, exception)| LeftOut {
        at: format!("exceptions[{place}]"),
        effect: OmissionEffect::Stronger,
        message: format!(
            "CEL has no clock: `{}` stays refused, although `{}` has an exception until {}; users with the verb `{verb}` \
             on `{resource}.{group}` are exempt",
            exception.destination, exception.code, exception.until
        ),
    });
    told.collect()
}
