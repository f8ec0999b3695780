//! EG095: NetworkPolicies let calls reach their waypoint, and leave it.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::snapshot::PodFacts;
use egress_istio::service_entry::ServiceEntryLocation;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::istio::authorization::Authorization;
use crate::istio::waypoints::HBONE;
use crate::kubernetes::network_path::{Blocked, NearRule, Network, PodEnd, RuleSide};
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::used_waypoints::{AmbientPods, UsedWaypoint, ambient_pods, used_waypoints};
use crate::rules::network_block::{About, BlockedAt, describe, leaving, outside, pods};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(95),
    name: "NetworkPolicies let calls reach their waypoint and leave it",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::Mesh,
        Input::Namespaces,
        Input::Pods,
        Input::ServiceEntries,
        Input::AuthorizationPolicies,
        Input::NetworkPolicies,
    ],
    beside_the_walk: "A followed call knows no NetworkPolicy.",
    docs: "\
## What it checks
For each waypoint that takes calls to hosts: NetworkPolicies allow port 15008 from the pods in ambient mode that call, as
egress of theirs and as ingress of the waypoint's pods, and the waypoint's pods may leave to the hosts' ports.

Not every pod in ambient mode has to reach every waypoint. A block is told where the pods are meant to: their namespace
has the host's ServiceEntry, an AuthorizationPolicy allows them, a rule lets them to the waypoint's pods on other ports,
the diagnosis asks for them, or no pod at all reaches the waypoint. Whether a network plugin enforces policies is not
known, and its own kinds of policies are not read: so the finding is likely, not certain.

## Why it matters
From pod to waypoint a call is HBONE on port 15008, whatever port the application dials: a rule for 80 and 443 allows
nothing. The connections time out, and ztunnel logs `maybe a NetworkPolicy is blocking HBONE port 15008`
(istio/ztunnel#1229, istio/istio#52742).

## How to fix
Allow TCP 15008 from the callers to the waypoint's pods on both sides, and egress from the waypoint to the hosts' ports.
",
    run: Run::Mesh(run),
};

/// The pods of one namespace that policies keep from a waypoint.
struct KeptAway<'a, 'b> {
    namespace: &'b str,
    workloads: Vec<&'b PodOwner>,
    of: usize,
    blocked: Blocked<'a>,
}

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    let waypoints = used_waypoints(view)?;
    if waypoints.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let network = view.network()?;
    if network.is_open() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let ambient = ambient_pods(view)?;
    let (mut looked, mut found) = (0, Vec::new());
    for waypoint in &waypoints {
        let kept: Vec<KeptAway<'_, '_>> = ambient
            .iter()
            .filter_map(|(namespace, pods)| kept_away(&network, waypoint, namespace, pods))
            .collect();
        looked += ambient.len();
        let nobody_passes = !kept.is_empty() && kept.len() == ambient.len();
        for kept in &kept {
            if nobody_passes || is_meant(view, waypoint, kept, &ambient) {
                found.push(of_callers(waypoint, kept));
            }
        }
        if waypoint.has_pods {
            found.extend(of_waypoint(&network, waypoint));
        }
    }
    Ok(CheckOutcome::of(looked, found))
}

fn kept_away<'a, 'b>(
    network: &Network<'a>,
    waypoint: &UsedWaypoint<'_>,
    namespace: &'b str,
    callers: &'b BTreeMap<PodOwner, Vec<&PodFacts>>,
) -> Option<KeptAway<'a, 'b>> {
    let ends: Vec<PodEnd<'_>> = waypoint.pods.iter().filter_map(PodEnd::of).collect();
    let mut first = None;
    let mut workloads = Vec::new();
    for (workload, pods) in callers {
        let Some(from) = pods.first().and_then(|pod| PodEnd::of(pod)) else { continue };
        let blocked = ends.iter().find_map(|to| network.between(from, *to, &[(HBONE, "TCP")]));
        if let Some(blocked) = blocked {
            first = first.or(Some(blocked));
            workloads.push(workload);
        }
    }
    Some(KeptAway { namespace, workloads, of: callers.len(), blocked: first? })
}

/// Whether the pods are meant to call hosts of the waypoint.
fn is_meant(
    view: &View<'_>,
    waypoint: &UsedWaypoint<'_>,
    kept: &KeptAway<'_, '_>,
    ambient: &AmbientPods<'_>,
) -> bool {
    let hosts =
        waypoint.entries.iter().filter_map(|entry| entry.service_entry()).flat_map(|spec| &spec.hosts);
    if waypoint.entries.iter().any(|entry| entry.id.namespace == kept.namespace)
        || hosts.into_iter().any(|host| view.is_asked(host, kept.namespace))
        || kept.blocked.other_ports.is_some_and(|rule| is_for_calls(&rule, waypoint))
    {
        return true;
    }
    // Where nobody gave policies, none names a caller.
    let policies = view.authorization_policies().unwrap_or_default();
    let root = &view.mesh().root_namespace;
    let accounts = ambient.get(kept.namespace).into_iter().flat_map(BTreeMap::values).flatten();
    let accounts: Vec<&str> = accounts.map(|pod| pod.service_account.as_str()).collect();
    waypoint.entries.iter().any(|entry| {
        let authorization = Authorization::at_waypoint(
            policies,
            root,
            (waypoint.namespace, waypoint.name),
            ("ServiceEntry", &entry.id.namespace, &entry.id.name),
        );
        authorization.names(kept.namespace, &accounts)
    })
}

/// Whether a rule lets these pods to the waypoint's on ports of calls: it names them, or a port on which hosts are called.
fn is_for_calls(rule: &NearRule<'_>, waypoint: &UsedWaypoint<'_>) -> bool {
    let called = waypoint.ports();
    let is_called = |port: &k8s_openapi::api::networking::v1::NetworkPolicyPort| match &port.port {
        Some(IntOrString::Int(number)) => {
            let all = *number..=port.end_port.unwrap_or(*number);
            called.iter().any(|port| all.contains(&i32::from(*port)))
        }
        _ => false,
    };
    rule.peers.iter().any(|peer| peer.ip_block.is_none()) && rule.ports.iter().any(is_called)
}

fn of_callers(waypoint: &UsedWaypoint<'_>, kept: &KeptAway<'_, '_>) -> Finding {
    let KeptAway { namespace, workloads, of, blocked } = kept;
    let UsedWaypoint { namespace: home, name, .. } = waypoint;
    let names: Vec<String> = workloads.iter().map(ToString::to_string).collect();
    let who = if workloads.len() == *of {
        format!("the pods of {namespace}")
    } else {
        format!("{} of {namespace}", list(&names))
    };
    let label = ("gateway.networking.k8s.io/gateway-name".to_owned(), (*name).to_owned());
    let peer = match blocked.side {
        RuleSide::Egress => pods(home, [(&label.0, &label.1)]),
        RuleSide::Ingress => pods(namespace, []),
    };
    let BlockedAt { object, mut evidence, fix } = describe(
        blocked,
        About::Calls,
        (&peer, &[(HBONE, "TCP")]),
        "allows HBONE from the callers to the waypoint",
    );
    evidence.push(format!(
        "calls to {} go by waypoint {home}/{name}, which listens on {HBONE}",
        waypoint.hosts()
    ));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("NetworkPolicies keep {who} from port {HBONE} of waypoint {home}/{name}"),
        object,
        evidence,
        consequence: format!("calls from {namespace} to {} time out", waypoint.hosts()),
        fix,
    }
}

/// A waypoint whose pods may not leave to a port of its hosts: once for each port.
fn of_waypoint(network: &Network<'_>, waypoint: &UsedWaypoint<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<(u16, bool), (BlockedAt, Vec<&str>)> = BTreeMap::new();
    for spec in waypoint.entries.iter().filter_map(|entry| entry.service_entry()) {
        if spec.location == Some(ServiceEntryLocation::MeshInternal) {
            continue;
        }
        for port in spec.ports.iter().flatten() {
            let ends = waypoint.pods.iter().filter_map(PodEnd::of);
            let blocked = ends.into_iter().find_map(|pod| leaving(network, pod, spec, port));
            let Some((blocked, may_be_private, number)) = blocked else { continue };
            let why = "allows the waypoint's pods to leave to this port; narrow it to the hosts' addresses if you know them";
            let at = describe(&blocked, About::Calls, (&outside(), &[(number, "TCP")]), why);
            let known = found.entry((number, may_be_private)).or_insert_with(|| (at, Vec::new()));
            known.1.extend(spec.hosts.first().map(String::as_str));
        }
    }
    let UsedWaypoint { namespace, name, .. } = waypoint;
    let finding = |((port, may_be_private), (at, hosts)): ((u16, bool), (BlockedAt, Vec<&str>))| {
        let BlockedAt { object, mut evidence, fix } = at;
        if may_be_private {
            evidence.push("its rules allow private networks only, where the host may be".to_owned());
        }
        Finding {
            code: CHECK.code,
            confidence: Confidence::Inferred,
            level: if may_be_private { Level::Warning } else { CHECK.level },
            message: format!(
                "NetworkPolicies keep the pods of waypoint {namespace}/{name} from port {port} outside the cluster"
            ),
            object,
            evidence,
            consequence: format!("calls to {} reach the waypoint and time out there", first_of(&hosts)),
            fix,
        }
    };
    found.into_iter().map(finding).collect()
}

/// Hosts in words, not more than three of them.
fn first_of(hosts: &[&str]) -> String {
    const NAMED: usize = 3;
    match hosts.get(..NAMED) {
        Some(first) if hosts.len() > NAMED => format!("{} and others", first.join(", ")),
        _ => list(hosts),
    }
}
