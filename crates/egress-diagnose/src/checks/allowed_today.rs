//! EG036: today's policies allow the egress.

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::evidence::Refusal;
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(36),
    name: "today's policies allow the egress",
    level: Level::Warning,
    hop: Hop::Objects,
    inputs: &[Input::Policies],
    docs: "\
## What it checks
The policies of the organisation are asked about the egress as if it were added today, as `kubectl egress audit` does.

## Why it matters
The egress was added before the policy, or beside it with `kubectl apply`. It works, and the organisation does not want it.
Policies are asked when hosts are added; nothing takes away by itself what they would refuse now.

## How to fix
Do what the policy's message says, or remove the egress.
",
    run: Run::Way(run),
};

fn run(view: &View<'_>, way: &Way<'_>) -> Outcome {
    let Some(namespace) = way.namespace.as_deref().filter(|_| way.egress.is_some()) else {
        return Outcome::NotApplicable;
    };
    match view.refusals(namespace, &way.host) {
        Err(why) => Outcome::Unreadable(why.to_owned()),
        Ok(refusals) => {
            Outcome::of(refusals.iter().map(|refusal| finding(way, namespace, refusal)).collect())
        }
    }
}

fn finding(way: &Way<'_>, namespace: &str, refusal: &Refusal) -> Finding {
    let by = if refusal.by.is_empty() { "what no policy allows is denied" } else { &refusal.by };
    let advice = refusal.remediation.iter().map(|advice| format!("its advice: {advice}"));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("today's policies refuse {} in {namespace}: {}", way.host, refusal.message),
        object: Place::new("Namespace", None, namespace),
        evidence: [format!("said by: {by}")].into_iter().chain(advice).collect(),
        consequence: format!(
            "calls to {} leave although the organisation does not allow them any more",
            way.host
        ),
        fix: fixes::remove(way, "if it is no longer wanted; otherwise do what the policy advises"),
    }
}
