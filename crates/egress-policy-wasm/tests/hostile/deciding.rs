//! What the command would make of an answer: the deciding core is asked with the module as its only policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use egress_policy::policy_set::{Layer, LoadedPolicy, PolicySet};
use egress_policy::report::{Report, Status};
use egress_policy::{Policy, hosts, naming, pinning};
use egress_policy_wasm::Module;

use crate::host;

/// One line, and whether anything is let through that should not be.
pub(crate) fn decided(module: &Arc<Module>, question: &str) -> Option<(String, Status)> {
    let hooks: BTreeSet<_> = module.hooks().clone();
    let loaded = LoadedPolicy {
        name: "hostile".to_owned(),
        layer: Layer::User,
        digest: Some(module.inspection().digest.clone()),
        settings: "{}".to_owned(),
        hooks,
        on_deny: None,
        policy: Arc::clone(module) as Arc<dyn Policy + Send + Sync>,
    };
    let policies = PolicySet { policies: vec![loaded], ..PolicySet::default() };
    let request = host::request();
    Some(match question {
        "decide" => {
            let evaluation = hosts::decide(&policies, &request, None);
            let words: Vec<String> = evaluation.outcomes.iter().map(|outcome| word(outcome.status)).collect();
            (format!("decided: {}", words.join(", ")), evaluation.status())
        }
        "name-objects" => {
            let naming = naming::name(&policies, &request, &host::slots());
            (format!("decided: {}{}", word(naming.status()), why(&naming.reports)), naming.status())
        }
        "pin-gateway" => {
            let pinning = pinning::pin(&policies, &request);
            (format!("decided: {}{}", word(pinning.status()), why(&pinning.reports)), pinning.status())
        }
        _ => return None,
    })
}

fn word(status: Status) -> String {
    format!("{status:?}").to_lowercase()
}

/// What the core finds wrong, which the engine may not have looked at.
fn why(reports: &[Report]) -> String {
    let faults = reports.iter().filter_map(|report| report.fault.as_ref());
    faults.fold(String::new(), |text, fault| format!("{text}: {fault}"))
}
