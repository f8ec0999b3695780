//! EG045: users who can add egress can also remove it.

use egress_core::command::ShellCommand;
use egress_core::input::Input;

use crate::facts::Rights;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(45),
    name: "users who can add egress can also remove it",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Rights],
    beside_the_walk: "It reads permissions of users, not traffic.",
    docs: "\
## What it checks
The permissions of the current user to create, patch and delete every kind of object that `add` and `remove` write in
the namespace, if that user may write some of them.

## Why it matters
`kubectl egress` checks the permissions first and refuses the whole change. `kubectl apply` and pipelines do not: they
stop half-way, and a ServiceEntry without its route lets calls leave directly.

## How to fix
Grant the missing verbs in the same Role.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    match view.rights() {
        Err(outcome) => outcome,
        Ok(all) => {
            // A user without any write permission cannot start a change.
            let writable: Vec<_> = all.iter().filter(|(_, rights)| !rights.held.is_empty()).collect();
            let halves = writable.iter().filter(|(_, rights)| !rights.missing.is_empty());
            let findings = halves.map(|(namespace, rights)| finding(namespace, rights)).collect();
            CheckOutcome::of(writable.len(), findings)
        }
    }
}

fn finding(namespace: &str, rights: &Rights) -> Finding {
    let missing: Vec<&str> = rights.missing.iter().map(String::as_str).collect();
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("you have only some of the permissions to change egresses in {namespace}"),
        object: Place::new("Namespace", None, namespace),
        evidence: vec![format!("missing: {}", list(&missing))],
        consequence: "a change without kubectl egress may stop half-way and let calls leave directly"
            .to_owned(),
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "auth", "can-i", "--list"]).in_namespace(namespace),
            "shows your permissions; ask for the missing ones in the same Role",
        ),
    }
}
