//! EG092: the exported ValidatingAdmissionPolicy is current and bound.

use egress_core::admission::exported::{Flaw, NAME};
use egress_core::command::ShellCommand;
use egress_core::input::Input;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(92),
    name: "the exported ValidatingAdmissionPolicy is current and bound",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Policies],
    beside_the_walk: "It reads policies for the API server. Calls do not depend on them.",
    docs: "\
## What it checks
If `kubectl egress policy export` was ever applied: the ValidatingAdmissionPolicy exists, matches the cluster's
current configuration, and has a binding that applies all of it. A cluster without an export passes. A binding that
only warns is reported too.

## Why it matters
The API server applies the exported rules to kubectl and GitOps. An outdated policy allows what was removed from the
list since. A policy without a binding checks nothing, and a binding without its policy admits everything without an
error.

## How to fix
Export again. Keep `--deny` if requests were denied before.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    match view.export_flaws() {
        Err(outcome) => outcome,
        Ok(None) => CheckOutcome::NotApplicable,
        Ok(Some(flaws)) => CheckOutcome::of(1, flaws.iter().map(|flaw| finding(*flaw)).collect()),
    }
}

fn finding(flaw: Flaw) -> Finding {
    let (kind, level) = match flaw {
        Flaw::Missing | Flaw::BindingEdited => ("ValidatingAdmissionPolicyBinding", CHECK.level),
        Flaw::Warns => ("ValidatingAdmissionPolicyBinding", Level::Info),
        Flaw::Unbound | Flaw::Edited | Flaw::Old | Flaw::Obsolete => {
            ("ValidatingAdmissionPolicy", CHECK.level)
        }
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message: flaw.to_string(),
        object: Place::new(kind, None, NAME),
        evidence: Vec::new(),
        consequence: consequence(flaw).to_owned(),
        fix: fix(flaw),
    }
}

fn consequence(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Missing | Flaw::Unbound | Flaw::BindingEdited => {
            "kubectl and GitOps can add hosts that the policies deny"
        }
        Flaw::Edited | Flaw::Old | Flaw::Obsolete => {
            "the rules for kubectl and GitOps differ from those of `kubectl egress add`"
        }
        Flaw::Warns => "kubectl and GitOps get a warning, and can add hosts that the policies deny",
    }
}

fn fix(flaw: Flaw) -> Fix {
    let export = ShellCommand::new(["kubectl", "egress", "policy", "export"]);
    match flaw {
        Flaw::Obsolete => fixes::fix(
            ShellCommand::new(["kubectl", "delete"]).object("validatingadmissionpolicybinding", NAME),
            "then delete the policy of this name; or restore the rules in the configuration",
        ),
        Flaw::Warns => fixes::fix(
            export.word("--deny"),
            "apply its output with `kubectl apply --server-side -f -` once no more warnings appear",
        ),
        _ => fixes::fix(
            export,
            "apply its output with `kubectl apply --server-side -f -`; add `--deny` if requests were denied before",
        ),
    }
}
