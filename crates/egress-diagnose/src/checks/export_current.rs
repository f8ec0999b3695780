//! EG092: an exported policy of the API server says what the cluster's configuration says.

use egress_core::admission::export::{Flaw, NAME};
use egress_core::command::ShellCommand;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Fix, Place};
use crate::fixes;
use crate::view::View;

pub(super) const CHECK: Check = Check {
    code: Code(92),
    name: "the exported policy is current and bound",
    level: Level::Warning,
    hop: Hop::Mesh,
    inputs: &[Input::Policies],
    docs: "\
## What it checks
Where `kubectl egress policy export` was applied once: that the ValidatingAdmissionPolicy exists, says what the cluster's
configuration says today, and has a binding that puts the whole of it in force. A cluster without an export passes. That a
binding only warns is told, too.

## Why it matters
The API server holds kubectl and GitOps to the exported rules. An older policy allows what was taken from the list since. A
policy without a binding judges nothing, and a binding without its policy lets everything through without a word.

## How to fix
Export again. Keep `--deny` where requests were refused before.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> Outcome {
    match view.export_flaws() {
        Err(outcome) => outcome,
        Ok(flaws) => Outcome::of(flaws.iter().map(|flaw| finding(*flaw)).collect()),
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
            "kubectl and GitOps can open hosts that the policies refuse"
        }
        Flaw::Edited | Flaw::Old | Flaw::Obsolete => {
            "kubectl and GitOps obey other rules than `kubectl egress add`"
        }
        Flaw::Warns => "kubectl and GitOps can open hosts that the policies refuse, and are warned",
    }
}

fn fix(flaw: Flaw) -> Fix {
    let export = ShellCommand::new(["kubectl", "egress", "policy", "export"]);
    match flaw {
        Flaw::Obsolete => fixes::fix(
            ShellCommand::new(["kubectl", "delete"]).object("validatingadmissionpolicybinding", NAME),
            "then delete the policy of this name; or put the rules back into the configuration",
        ),
        Flaw::Warns => fixes::fix(
            export.word("--deny"),
            "apply what it prints with `kubectl apply --server-side -f -` once nobody is warned any more",
        ),
        _ => fixes::fix(
            export,
            "apply what it prints with `kubectl apply --server-side -f -`; add `--deny` where requests were refused",
        ),
    }
}
