//! EG111: delegates of VirtualServices exist and are visible.

use std::collections::BTreeMap;

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::exported_to;
use serde_json::json;

use crate::did_you_mean::did_you_mean;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::{export_to, list};

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(111),
    name: "delegates of VirtualServices exist and are visible",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::VirtualServices, Input::ServiceEntries],
    beside_the_walk: "A rule that istiod leaves out leads nowhere: no followed call shows what it was for.",
    docs: "\
## What it checks
Each `delegate` of a VirtualService whose host a ServiceEntry declares: a VirtualService of that name exists, and its `exportTo`
names the namespace of the rule.

## Why it matters
istiod leaves a rule out whose delegate is missing or hidden (`mergeVirtualServices` in
`pilot/pkg/model/virtualservice_controller.go`), and says so in its log only. Calls that the rule was for take a later rule, get
404, or leave directly.

## How to fix
Correct the name, or export the delegate to the namespace of the rule.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    view.note(Input::VirtualServices);
    let routes = view.index().of_kind(Kind::VirtualService);
    let known: BTreeMap<(&str, &str), &Resource> =
        routes.iter().map(|route| ((route.id.namespace.as_str(), route.id.name.as_str()), *route)).collect();
    let (mut looked_at, mut found) = (0, Vec::new());
    for route in routes {
        let Some(spec) = route.virtual_service() else { continue };
        let has_delegate = spec.http.iter().flatten().any(|rule| rule.delegate.is_some());
        let is_declared = || spec.hosts.iter().flatten().any(|host| !view.entries(host).is_empty());
        if !has_delegate || !is_declared() {
            continue;
        }
        for (number, rule) in spec.http.iter().flatten().enumerate() {
            let Some(named) = &rule.delegate else { continue };
            looked_at += 1;
            let own = route.id.namespace.as_str();
            let namespace = named.namespace.as_deref().filter(|name| !name.is_empty()).unwrap_or(own);
            let name = named.name.as_deref().unwrap_or_default();
            let delegate = known.get(&(namespace, name)).copied();
            if delegate.is_some_and(|delegate| is_visible(delegate, own)) {
                continue;
            }
            found.push(finding(view, route, number, (namespace, name), delegate, &known));
        }
    }
    CheckOutcome::of(looked_at, found)
}

fn is_visible(delegate: &Resource, viewer: &str) -> bool {
    let words = delegate.virtual_service().and_then(|spec| spec.export_to.as_deref());
    exported_to(words, &delegate.id.namespace, viewer)
}

fn finding(
    view: &View<'_>,
    route: &Resource,
    number: usize,
    (namespace, name): (&str, &str),
    delegate: Option<&Resource>,
    known: &BTreeMap<(&str, &str), &Resource>,
) -> Finding {
    let field = format!("spec.http[{number}].delegate");
    let hosts = route.virtual_service().and_then(|spec| spec.hosts.as_deref()).unwrap_or_default();
    let (message, object, evidence, fix) = if let Some(delegate) = delegate {
        let words = export_to(delegate).join(", ");
        (
            format!("{} is not visible to the rule that delegates to it", delegate.id),
            Place::export_to(delegate),
            vec![format!("{field} of {} names it; its exportTo is `{words}`", route.id)],
            fixes::export(view, delegate, &route.id.namespace, "lets istiod put its rules into the route"),
        )
    } else {
        let all = known.keys().filter(|(home, _)| *home == namespace).map(|(_, name)| *name);
        let show = ShellCommand::show(&route.id.kind.qualified(), &route.id.name, &route.id.namespace);
        let fix = match did_you_mean(name, all) {
            Some(meant) => {
                let why = "names a VirtualService that exists";
                fixes::set(&route.id, &format!("{field}.name"), &json!(meant), why)
            }
            None => fixes::fix(show, "shows the rule; name a VirtualService that exists, or remove the rule"),
        };
        let message = format!("no VirtualService {namespace}/{name} exists, to which {} delegates", route.id);
        (message, Place::of(&route.id).field(format!("{field}.name"), name), Vec::new(), fix)
    };
    Finding {
        code: CHECK.code,
        confidence: if delegate.is_some() { Confidence::Certain } else { Confidence::Inferred },
        level: CHECK.level,
        message,
        object,
        evidence,
        consequence: format!(
            "istiod leaves the rule out: calls to {} get 404, or leave by another rule or directly",
            list(hosts)
        ),
        fix,
    }
}
