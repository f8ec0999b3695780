//! EG098: NetworkPolicies let proxies reach istiod, and calls DNS.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::snapshot::{PodFacts, ServiceFacts};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::istio::waypoints::HBONE;
use crate::kubernetes::network_path::{Blocked, Network, PodEnd, PortOf, RuleSide};
use crate::kubernetes::workload::by_workload;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::used_waypoints::{UsedWaypoint, ambient_pods, used_waypoints};
use crate::rules::network_block::{About, BlockedAt, describe, pods};
use crate::view::{View, ends};
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(98),
    name: "NetworkPolicies let proxies reach istiod and DNS",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::Mesh,
        Input::Gateways,
        Input::Namespaces,
        Input::Pods,
        Input::ServiceEntries,
        Input::Services,
        Input::NetworkPolicies,
    ],
    beside_the_walk: "A followed call knows no NetworkPolicy, and nothing of proxies without configuration.",
    docs: "\
## What it checks
The NetworkPolicies of gateways, of waypoints that take calls to hosts, and of callers with sidecars: they allow istiod's
port 15012 and the cluster's DNS, as egress of these pods and as ingress of istiod and DNS. Of pods in ambient mode, those
that policies let to a waypoint reach DNS as well.

istiod is any Service `istiod…` with port 15012, and one that is reached is enough. DNS is the Service `kube-dns` (or one
labelled so), or OpenShift's `dns-default`, whose pods listen on 5353. Rules with an `ipBlock` for these ports count as
allowed: a DNS server on the node, or an istiod outside the cluster, may be meant. Whether a network plugin enforces
policies is not known: so the finding is likely, not certain.

## Why it matters
A policy that denies egress by default denies these, too. A proxy that cannot reach istiod starts without configuration, or
keeps an old one and an old certificate. Without DNS no application finds the host, and a gateway no address of it: 503
(`UH`).

## How to fix
Allow TCP 15012 to istiod, and UDP and TCP 53 to the DNS pods (5353 on OpenShift).
",
    run: Run::Mesh(run),
};

/// istiod's port for proxies.
const XDS: u16 = 15012;
/// The ports on which DNS servers may listen, where the Service names its port.
const DNS: [PortOf; 2] = [(53, "UDP"), (5353, "UDP")];
/// The same on OpenShift.
const OPENSHIFT_DNS: [PortOf; 1] = [(5353, "UDP")];

/// A service that pods need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needed {
    Istiod,
    Dns,
}

/// The Service of such a service, and the ports on which its pods listen.
type NeededService<'a> = (&'a ServiceFacts, Vec<PortOf>);

/// Pods that need it: who they are, and one of each kind.
struct Needing<'a> {
    who: String,
    pods: Vec<(String, PodEnd<'a>)>,
    needs: &'static [(Needed, Level)],
}

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    let network = view.network()?;
    if network.is_open() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let targets = targets(view)?;
    let waypoints = used_waypoints(view)?;
    let needing = needing(view, &network, &waypoints)?;
    let (mut looked, mut found) = (0, Vec::new());
    for needing in &needing {
        for (needed, level) in needing.needs {
            let Some(servers) = targets.get(needed) else { continue };
            looked += needing.pods.len();
            found.extend(finding(&network, needing, (*needed, *level), servers));
        }
    }
    Ok(CheckOutcome::of(looked, found))
}

/// The pods behind the Services of istiod and DNS, by their selectors, with the ports that they listen on.
fn targets<'a>(view: &View<'a>) -> Readable<BTreeMap<Needed, Vec<NeededService<'a>>>> {
    let mut found: BTreeMap<Needed, Vec<NeededService<'a>>> = BTreeMap::new();
    for service in view.services()?.iter().filter(|service| service.external_name.is_none()) {
        let port = |number: u16| service.ports.iter().find(|port| port.number == number);
        if let Some(port) = port(XDS).filter(|_| service.name.starts_with("istiod")) {
            let ports = vec![(port.target.unwrap_or(XDS), "TCP")];
            found.entry(Needed::Istiod).or_default().push((service, ports));
        }
        let is_dns = service.labels.get("k8s-app").is_some_and(|app| app == "kube-dns")
            || (service.namespace == "openshift-dns" && service.name == "dns-default");
        if let Some(port) = port(53).filter(|_| is_dns) {
            let ports = match port.target {
                Some(target) => vec![(target, "UDP")],
                None if service.name == "dns-default" => OPENSHIFT_DNS.to_vec(),
                None => DNS.to_vec(),
            };
            found.entry(Needed::Dns).or_default().push((service, ports));
        }
    }
    // Who is behind a Service without a selector, nobody knows: anything may be reached.
    found.retain(|_, services| services.iter().all(|(service, _)| !service.selector.is_empty()));
    // A DNS server on each node answers from an address that is no pod's.
    let local = |pod: &PodFacts| pod.labels.get("k8s-app").is_some_and(|app| app == "node-local-dns");
    if view.all_pods()?.iter().any(local) {
        found.remove(&Needed::Dns);
    }
    Ok(found)
}

fn needing<'a: 'b, 'b>(
    view: &View<'a>,
    network: &Network<'_>,
    waypoints: &'b [UsedWaypoint<'_>],
) -> Readable<Vec<Needing<'b>>> {
    const PROXY: &[(Needed, Level)] = &[(Needed::Istiod, Level::Error), (Needed::Dns, Level::Error)];
    // The proxy answers for hosts that it knows, and asks DNS for the others.
    const ANSWERED: &[(Needed, Level)] = &[(Needed::Istiod, Level::Error), (Needed::Dns, Level::Warning)];
    const ZTUNNEL: &[(Needed, Level)] = &[(Needed::Dns, Level::Warning)];
    let mut found = Vec::new();
    for gateway in view.gateways() {
        let who = format!("the pods of gateway {}/{}", gateway.name.namespace, gateway.name.service);
        let pods = ends(gateway).into_iter().map(|end| (String::new(), end)).collect();
        found.push(Needing { who, pods, needs: PROXY });
    }
    for waypoint in waypoints.iter().filter(|waypoint| waypoint.has_pods) {
        let who = format!("the pods of waypoint {}/{}", waypoint.namespace, waypoint.name);
        let pods = waypoint.pods.iter().filter_map(PodEnd::of).map(|end| (String::new(), end)).collect();
        found.push(Needing { who, pods, needs: PROXY });
    }
    let captures =
        view.mesh().proxy_metadata.get("ISTIO_META_DNS_CAPTURE").is_some_and(|word| word == "true");
    for namespace in view.caller_namespaces().keys() {
        let workloads = by_workload(view.pods(namespace).into_iter().filter(|pod| !pod.finished));
        let pods = workloads
            .iter()
            .filter_map(|(workload, pods)| Some((workload.to_string(), PodEnd::of(pods.first()?)?)));
        let needs = if captures { ANSWERED } else { PROXY };
        found.push(Needing { who: format!("pods of {namespace}"), pods: pods.collect(), needs });
    }
    if waypoints.is_empty() {
        return Ok(found);
    }
    for (namespace, workloads) in ambient_pods(view)? {
        let calls = |pod: &PodEnd<'_>| {
            let mut ends = waypoints.iter().flat_map(|waypoint| &waypoint.pods).filter_map(PodEnd::of);
            ends.any(|to| network.between(*pod, to, &[(HBONE, "TCP")]).is_none())
        };
        let pods = workloads.iter().filter_map(|(workload, pods)| {
            let pod = PodEnd::of(pods.first().copied()?).filter(calls)?;
            Some((workload.to_string(), pod))
        });
        found.push(Needing { who: format!("pods of {namespace}"), pods: pods.collect(), needs: ZTUNNEL });
    }
    Ok(found)
}

fn finding(
    network: &Network<'_>,
    needing: &Needing<'_>,
    (needed, level): (Needed, Level),
    servers: &[NeededService<'_>],
) -> Option<Finding> {
    let kept: Vec<(&str, Blocked<'_>, &NeededService<'_>)> = needing
        .pods
        .iter()
        .filter_map(|(workload, pod)| {
            let (server, blocked) = kept_from_all(network, *pod, servers)?;
            Some((workload.as_str(), blocked, server))
        })
        .collect();
    let (_, blocked, (service, ports)) = kept.first()?;
    let port = ports.first().map_or(0, |(port, _)| *port);
    let (name, wanted, consequence) = match needed {
        Needed::Istiod => (
            "istiod",
            vec![(port, "TCP")],
            "their Envoys get no configuration and no certificate from istiod",
        ),
        Needed::Dns => (
            "DNS",
            vec![(port, "UDP"), (port, "TCP")],
            if level == Level::Error {
                "they find no address of a host: calls fail before they begin, or get 503 at a gateway"
            } else {
                "they find no address of a host that the proxy does not answer for"
            },
        ),
    };
    let peer = match blocked.side {
        RuleSide::Egress => pods(&service.namespace, &service.selector),
        RuleSide::Ingress => serde_json::json!({ "namespaceSelector": {} }),
    };
    let why = format!("allows {name}");
    let BlockedAt { object, mut evidence, fix } = describe(blocked, About::Services, (&peer, &wanted), &why);
    let names: Vec<&str> =
        kept.iter().map(|(workload, ..)| *workload).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        evidence.push(format!("they are of {}", list(&names)));
    }
    evidence
        .push(format!("{name} is service {}/{}, port {port} of its pods", service.namespace, service.name));
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level,
        message: format!("NetworkPolicies keep {} from {name}", needing.who),
        object,
        evidence,
        consequence: consequence.to_owned(),
        fix,
    })
}

/// The first of some servers and why it cannot be reached, if none of them can. Where the servers' addresses matter, as
/// for a rule with an `ipBlock`, they count as allowed.
fn kept_from_all<'a, 'b>(
    network: &Network<'a>,
    pod: PodEnd<'_>,
    servers: &'b [NeededService<'b>],
) -> Option<(&'b NeededService<'b>, Blocked<'a>)> {
    let mut first = None;
    for server in servers {
        let (service, ports) = server;
        let to = PodEnd { namespace: &service.namespace, labels: &service.selector, addresses: &[] };
        let blocked = network.between(pod, to, ports)?;
        first = first.or(Some((server, blocked)));
    }
    first
}
