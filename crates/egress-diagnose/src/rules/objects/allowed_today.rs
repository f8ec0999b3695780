//! EG036: current policies allow the egress.

use egress_core::input::Input;

use crate::facts::PolicyRefusal;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(36),
    name: "current policies allow the egress",
    level: Level::Warning,
    segment: PathSegment::Objects,
    inputs: &[Input::Policies],
    beside_the_walk: "It asks policies, which decide about objects before there are calls.",
    docs: "\
## What it checks
The organisation's policies, asked about the egress as if it were added today. `kubectl egress audit` does the same.

## Why it matters
Policies are asked when a host is added. An egress that is older than a policy, or was made with `kubectl apply`,
keeps working although the policies refuse it now. Nothing removes it automatically.

## How to fix
Follow the policy's message, or remove the egress.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let Some(namespace) = path.namespace.as_deref().filter(|_| path.egress.is_some()) else {
        return CheckOutcome::NotApplicable;
    };
    match view.refusals(namespace, &path.host) {
        Err(why) => CheckOutcome::Unreadable(why.to_owned()),
        Ok(None) => CheckOutcome::NotApplicable,
        Ok(Some(refusals)) => {
            CheckOutcome::of(1, refusals.iter().map(|refusal| finding(path, namespace, refusal)).collect())
        }
    }
}

fn finding(path: &EgressPath<'_>, namespace: &str, refusal: &PolicyRefusal) -> Finding {
    let by = if refusal.by.is_empty() { "the default, because no policy allows it" } else { &refusal.by };
    let advice = refusal.remediation.iter().map(|advice| format!("the policy's advice: {advice}"));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("current policies deny {} in {namespace}: {}", path.host, refusal.message),
        object: Place::new("Namespace", None, namespace),
        evidence: [format!("denied by: {by}")].into_iter().chain(advice).collect(),
        consequence: format!(
            "calls to {} still leave, although the policies no longer allow them",
            path.host
        ),
        fix: fixes::remove(path, "if you no longer need it; otherwise follow the policy's advice"),
    }
}
