//! EG105: applications call the host itself, and not through a forward proxy.

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::{GatewayFacts, PodFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::forward_proxy::{host_of, proxy_of_call};
use crate::kubernetes::workload::{PodOwner, by_workload};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(105),
    name: "applications call the host itself, not a forward proxy",
    level: Level::Warning,
    segment: PathSegment::ToGateway,
    inputs: &[Input::Pods, Input::Gateways],
    beside_the_walk: "It reads environment variables of pods: what an application calls instead of the host.",
    docs: "\
## What it checks
The environment variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the callers' pods, in lower and upper
case: no proxy is named for calls to the host. Whether an application obeys the variables is not known, so the finding is a
warning. A gateway that is named as the proxy is reported by EG070.

## Why it matters
An application with a proxy connects to the proxy, and sends it the host's name in a `CONNECT` request. Its sidecar sees a
call to the proxy: the routes of the host do not apply, and the call does not pass the gateway. With `REGISTRY_ONLY` it
fails, unless the proxy is known to the mesh; then it leaves through the proxy.

## How to fix
Add the host to `NO_PROXY`, or remove the variables.
",
    run: Run::Path(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    findings(view, path).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, path: &EgressPath<'_>) -> Readable<CheckOutcome> {
    view.readable(Input::Pods)?;
    let gateways: Vec<(String, &GatewayFacts)> =
        view.gateways().iter().map(|gateway| (view.service_host(gateway), gateway)).collect();
    if gateways.is_empty() || path.egress.is_none() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let is_gateway = |url: &str, pod: &PodFacts| {
        let host = host_of(url);
        gateways.iter().any(|(full, gateway)| {
            *full == view.full_host(host, &pod.namespace)
                || host.starts_with(&format!("{}.{}", gateway.name.service, gateway.name.namespace))
        })
    };
    let tls: Vec<bool> = path.ports.iter().map(|port| port.protocol == Protocol::Tls).collect();
    let (mut looked_at, mut found) = (0, Vec::new());
    for caller in &path.callers {
        let told =
            view.pods(caller).into_iter().filter(|pod| !pod.finished && !pod.forward_proxies.is_empty());
        for (workload, pods) in by_workload(told) {
            looked_at += 1;
            let used = pods.iter().find_map(|pod| {
                let used = tls.iter().find_map(|is_tls| proxy_of_call(pod, &path.host, *is_tls));
                used.filter(|(_, url)| !is_gateway(url, pod)).map(|used| (*pod, used))
            });
            found.extend(used.map(|(pod, used)| finding(path, &workload, pod, used)));
        }
    }
    Ok(CheckOutcome::of(looked_at, found))
}

fn finding(
    path: &EgressPath<'_>,
    workload: &PodOwner,
    pod: &PodFacts,
    (variable, url): (&str, &str),
) -> Finding {
    let host = path.host.as_str();
    let why = "the application then calls the host by name, and its sidecar routes the call to the gateway";
    let fix = match pod.no_proxy.first() {
        Some(list) if workload.has_template() => {
            let set = ShellCommand::new(["kubectl", "set", "env"]).object(&workload.kind(), &workload.name);
            let value = Word::variable("NO_PROXY").and("=").and(Word::value(&format!("{list},{host}")));
            fixes::fix(set.in_namespace(&pod.namespace).each([value]), why)
        }
        _ => {
            let show = fixes::fix(ShellCommand::show(&workload.kind(), &workload.name, &pod.namespace), why);
            Fix { why: format!("add {host} to NO_PROXY, or remove {variable}: {why}"), ..show }
        }
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("{workload} of {} is told to call {host} through another proxy", pod.namespace),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name)
            .field("spec.containers[].env", format!("{variable}={url}")),
        evidence: match pod.no_proxy.first() {
            Some(list) => vec![format!("NO_PROXY={list} does not name the host")],
            None => vec!["NO_PROXY is not set".to_owned()],
        },
        consequence: format!("its calls to {host} go to {url}, and not through the gateway"),
        fix,
    }
}
