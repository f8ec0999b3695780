//! EG070: applications that use a forward proxy reach one.

use std::collections::BTreeMap;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::snapshot::{GatewayFacts, PodFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::forward_proxy::{host_of, leaves_out};
use crate::kubernetes::workload::{PodOwner, by_workload};
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

mod declared;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(70),
    name: "applications that use a forward proxy reach one",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::Gateways, Input::Pods, Input::ServiceEntries, Input::Services, Input::Mesh],
    beside_the_walk: "It reads environment variables of pods: what an application calls instead of the host.",
    docs: "\
## What it checks
The environment variables `http_proxy`, `https_proxy` and `all_proxy` of all pods, in lower and upper case: none names
the Service of an egress gateway, and none names a host and port that a ServiceEntry or a Service declares as HTTP. A ServiceEntry for a
port of forward proxies (3128, or a host called `proxy` at a usual port) that is declared as HTTP is likely wrong, too.

## Why it matters
An egress gateway is a reverse proxy: it routes requests that are addressed to the host. An application that uses it
as a forward proxy sends `CONNECT`, and gets 404 (`NR`) (istio/istio#31557, istio/istio#38371).

At a port of HTTP the sidecar reads requests. It has no route for `CONNECT`, and sends plain requests to the host that they
name, not to the proxy. The task of Istio for an external HTTPS proxy declares the port as TCP.

## How to fix
Remove the variables that name a gateway. The sidecar routes the calls to the gateway without them. Declare the port of a
forward proxy as TCP.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let told: Readable<Vec<&PodFacts>> =
        view.all_pods().map(|pods| pods.iter().filter(|pod| !pod.finished && uses_proxies(pod)).collect());
    let told = told.as_deref().map_err(Clone::clone);
    let mut found = declared::findings(view, told.clone());
    found.extend(told.clone().map(|told| at_gateways(view, told)).unwrap_or_default());
    match told {
        Err(outcome) if found.is_empty() => outcome,
        told => CheckOutcome::of(told.map_or(0, <[_]>::len), found),
    }
}

/// Applications that use a gateway as a forward proxy.
fn at_gateways(view: &View<'_>, told: &[&PodFacts]) -> Vec<Finding> {
    let gateways = view.gateways();
    let mut namespaces: BTreeMap<&str, Vec<&PodFacts>> = BTreeMap::new();
    for pod in told {
        namespaces.entry(&pod.namespace).or_default().push(pod);
    }
    let mut found = Vec::new();
    for (namespace, pods) in namespaces {
        for (workload, pods) in by_workload(pods) {
            let first = pods.into_iter().find_map(|pod| {
                let used = gateways.iter().find_map(|gateway| {
                    let variables = variables(view, pod, gateway);
                    (!variables.is_empty()).then_some((gateway, variables))
                });
                used.map(|(gateway, variables)| (pod, gateway, variables))
            });
            found.extend(
                first.map(|(pod, gateway, variables)| {
                    finding((namespace, &workload), pod, gateway, &variables)
                }),
            );
        }
    }
    found
}

/// Whether a pod is told to use a forward proxy. `NO_PROXY=*` takes that back.
fn uses_proxies(pod: &PodFacts) -> bool {
    !pod.forward_proxies.is_empty() && !pod.no_proxy.iter().any(|list| leaves_out(list, "*"))
}

/// The environment variables of a pod that name a gateway's Service, with their values.
fn variables<'a>(view: &View<'_>, pod: &'a PodFacts, gateway: &GatewayFacts) -> Vec<(&'a str, &'a str)> {
    let full = view.service_host(gateway);
    let names_gateway = |url: &str| view.full_host(&long(host_of(url), pod, gateway), &pod.namespace) == full;
    let all = pod.forward_proxies.iter().filter(|(_, url)| names_gateway(url));
    all.map(|(name, url)| (name.as_str(), url.as_str())).collect()
}

/// The name of a Service as DNS completes it in a pod: `name.namespace` and `name.namespace.svc` mean the full name.
fn long(host: &str, pod: &PodFacts, gateway: &GatewayFacts) -> String {
    let name = &gateway.name;
    let short = format!("{}.{}", name.service, name.namespace);
    let own = host == name.service && pod.namespace == name.namespace;
    if own || host == short || host.strip_suffix(".svc") == Some(&short) {
        return name.service_host("cluster.local");
    }
    host.to_ascii_lowercase()
}

fn finding(
    (namespace, workload): (&str, &PodOwner),
    pod: &PodFacts,
    gateway: &GatewayFacts,
    variables: &[(&str, &str)],
) -> Finding {
    let said: Vec<String> = variables.iter().map(|(name, url)| format!("{name}={url}")).collect();
    let gone = variables.iter().map(|(name, _)| Word::variable(name).and("-"));
    let why = "the application then calls hosts by name, and its sidecar routes the calls to the gateway";
    let fix = if workload.has_template() {
        let set = ShellCommand::new(["kubectl", "set", "env"]).object(&workload.kind(), &workload.name);
        fixes::fix(set.in_namespace(namespace).each(gone), why)
    } else {
        let show = fixes::fix(ShellCommand::show(&workload.kind(), &workload.name, namespace), why);
        Fix { why: format!("recreate the pod without {}: {why}", list(&said)), ..show }
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{workload} of {namespace} uses gateway {} as a forward proxy", gateway.name),
        object: Place::new("Pod", Some(namespace), &pod.name).field("spec.containers[].env", list(&said)),
        evidence: Vec::new(),
        consequence: "its calls to https hosts get 404, because the gateway does not support CONNECT"
            .to_owned(),
        fix,
    }
}
