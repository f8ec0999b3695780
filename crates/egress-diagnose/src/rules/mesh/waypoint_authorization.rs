//! EG093: waypoints allow the callers whose calls they take.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::Input;
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::PodFacts;
use egress_istio::service_entry::ServiceEntryPorts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Readable};
use crate::istio::authorization::{Authorization, CALLER, Caller, Denial};
use crate::kubernetes::network_policy::{EgressVerdict, egress_verdict};
use crate::kubernetes::workload::PodOwner;
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::mesh::used_waypoints::{UsedWaypoint, ambient_pods, used_waypoints};
use crate::view::View;
use crate::wording::{export_to, list};

mod remedy;

use self::remedy::remedy;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(93),
    name: "waypoints allow the callers whose calls they take",
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
    beside_the_walk: "EG101 does not call it a fault that a waypoint keeps callers out. This check compares policies with \
                      who calls.",
    docs: "\
## What it checks
For each host with a waypoint, the identities of the pods in ambient mode whose calls ztunnel sends there, against the
AuthorizationPolicies that the waypoint applies: those that target the ServiceEntry, the waypoint, or the class of all
waypoints. ztunnel takes the ServiceEntry of the caller's own namespace if there is one, else the oldest of the mesh.

A namespace that may not call is no fault by itself. It is told where the owner of the ServiceEntry allows callers of the
own namespace, and pods of another namespace may otherwise leave the cluster: an error if a NetworkPolicy lets them out on
purpose, a warning if none selects them. It is an error where the diagnosis asks for that namespace. A host that no running
pod may call is told, too: a warning if a rule names callers that may run at other times.

## Why it matters
ztunnel steers by destination, whatever the caller's namespace: it does not read `exportTo`. As soon as one namespace
gives a host a waypoint and allows itself, the calls of all others go there, too, and are refused: 403 for HTTP, a reset
for TLS (istio/istio#55163, defenseunicorns/uds-core#2064).

## How to fix
Allow the callers in the policy, or give their namespace a ServiceEntry of its own for the host. From Istio 1.31 on,
`meshConfig.serviceEntryVisibility` can keep an entry to its namespace.
",
    run: Run::Mesh(run),
};

/// The condition in which istiod says who sees an entry in ambient mode.
const VISIBILITY: &str = "istio.io/VisibilityApplied";
/// The most namespaces to name.
const NAMED: usize = 3;

/// The pods of one namespace that a waypoint refuses.
struct RefusedPods<'a, 'b> {
    namespace: &'b str,
    accounts: BTreeSet<&'b str>,
    pods: Vec<&'b PodFacts>,
    is_whole: bool,
    denial: Denial<'a>,
    port: &'b ServiceEntryPorts,
}

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    let waypoints = used_waypoints(view)?;
    if waypoints.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let policies = view.authorization_policies()?;
    let root = &view.mesh().root_namespace;
    let ambient = ambient_pods(view)?;
    let (mut looked, mut found) = (0, Vec::new());
    for waypoint in &waypoints {
        for entry in &waypoint.entries {
            let authorization = Authorization::at_waypoint(
                policies,
                root,
                (waypoint.namespace, waypoint.name),
                ("ServiceEntry", &entry.id.namespace, &entry.id.name),
            );
            let Some(host) = entry.service_entry().and_then(|spec| spec.hosts.first()) else { continue };
            let captured: Vec<(&str, &BTreeMap<PodOwner, Vec<&PodFacts>>)> = ambient
                .iter()
                .map(|(namespace, workloads)| (*namespace, workloads))
                .filter(|(namespace, _)| is_taken(view, entry, host, namespace))
                .collect();
            looked += captured.len();
            let refused: Vec<RefusedPods<'_, '_>> = captured
                .iter()
                .filter_map(|(namespace, workloads)| {
                    refused(&authorization, entry, host, namespace, workloads)
                })
                .collect();
            let nobody = refused.len() == captured.len() && refused.iter().all(|refused| refused.is_whole);
            if let Some(first) = refused.first().filter(|_| nobody) {
                found.push(all_refused(view, waypoint, entry, host, (first, &refused)));
                continue;
            }
            for refused in &refused {
                if let Some(level) = level(view, entry, host, &authorization, &ambient, refused) {
                    found.push(one_refused(waypoint, entry, host, refused, level));
                }
            }
        }
    }
    Ok(CheckOutcome::of(looked, found))
}

/// Whether ztunnel takes this entry for calls of a namespace to the host: its own one, else the oldest.
fn is_taken(view: &View<'_>, entry: &Resource, host: &str, namespace: &str) -> bool {
    let all = view.entries(host);
    if all.iter().any(|other| other.id.namespace == namespace) {
        return entry.id.namespace == namespace;
    }
    let conditions = entry.live.as_ref().map(|live| &live.status.conditions).into_iter().flatten();
    if conditions.into_iter().any(|found| found.kind == VISIBILITY && found.reason != "Public") {
        return false;
    }
    let age = |entry: &Resource| {
        let created = entry.live.as_ref().and_then(|live| live.created);
        (created, entry.id.namespace.clone(), entry.id.name.clone())
    };
    all.iter().all(|other| age(entry) <= age(other))
}

fn refused<'b>(
    authorization: &'b Authorization<'_>,
    entry: &'b Resource,
    host: &str,
    namespace: &'b str,
    workloads: &'b BTreeMap<PodOwner, Vec<&'b PodFacts>>,
) -> Option<RefusedPods<'b, 'b>> {
    let pods: Vec<&PodFacts> = workloads.values().flatten().copied().collect();
    let named = |pod: &&&PodFacts| !pod.service_account.is_empty();
    let accounts: BTreeSet<&str> =
        pods.iter().filter(named).map(|pod| pod.service_account.as_str()).collect();
    let ports = entry.service_entry()?.ports.as_deref()?;
    let mut first = None;
    let mut refused = BTreeSet::new();
    for account in &accounts {
        for port in ports {
            let caller = caller((namespace, account), host, port);
            if let Some(denial) = authorization.refusal(&caller).filter(|denial| is_by_caller(host, denial)) {
                refused.insert(*account);
                first = first.or(Some((denial, port)));
            }
        }
    }
    let (denial, port) = first?;
    let is_whole = refused.len() == accounts.len();
    let pods = pods.into_iter().filter(|pod| refused.contains(pod.service_account.as_str())).collect();
    Some(RefusedPods { namespace, accounts: refused, pods, is_whole, denial, port })
}

/// A call as a waypoint sees it: HBONE gives it the identity and the port that the application dialled.
fn caller<'b>(
    (namespace, account): (&'b str, &'b str),
    host: &'b str,
    port: &ServiceEntryPorts,
) -> Caller<'b> {
    let protocol = port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
    let is_http = protocol.starts_with("HTTP") && protocol != "HTTPS" || protocol.starts_with("GRPC");
    Caller {
        namespace,
        account: Some(account),
        has_identity: true,
        is_http,
        host,
        port: u16::try_from(port.number).ok(),
        listens_on: port.number,
        sni: Some(host),
    }
}

/// Whether nothing but the caller matters: which host of a wildcard is called, nobody knows.
fn is_by_caller(host: &str, denial: &Denial<'_>) -> bool {
    !host.starts_with('*')
        || matches!(denial, Denial::NotAllowed { nearly: Some((_, what)), .. } if *what == CALLER)
}

/// How grave it is that a namespace is refused; none where that is as its owner wants it.
fn level(
    view: &View<'_>,
    entry: &Resource,
    host: &str,
    authorization: &Authorization<'_>,
    ambient: &BTreeMap<&str, BTreeMap<PodOwner, Vec<&PodFacts>>>,
    refused: &RefusedPods<'_, '_>,
) -> Option<Level> {
    if view.is_asked(host, refused.namespace) {
        return Some(Level::Error);
    }
    let home = entry.id.namespace.as_str();
    let of_home = ambient.get(home).into_iter().flat_map(BTreeMap::values).flatten();
    let accounts: Vec<&str> = of_home.map(|pod| pod.service_account.as_str()).collect();
    if home == refused.namespace || !authorization.allows_some() || !authorization.names(home, &accounts) {
        return None;
    }
    // Where nobody gave NetworkPolicies, none is known to stop the pods.
    let policies = view.network_policies().unwrap_or_default();
    let ports = [u16::try_from(refused.port.number).unwrap_or_default()].into();
    let mut level = None;
    for pod in &refused.pods {
        match egress_verdict(policies, pod, &ports) {
            EgressVerdict::AllowedBy(_) => return Some(Level::Error),
            EgressVerdict::Unrestricted => level = Some(Level::Warning),
            EgressVerdict::Blocked => {}
        }
    }
    level
}

fn one_refused(
    waypoint: &UsedWaypoint<'_>,
    entry: &Resource,
    host: &str,
    refused: &RefusedPods<'_, '_>,
    level: Level,
) -> Finding {
    let namespace = refused.namespace;
    let accounts: Vec<&str> = refused.accounts.iter().copied().collect();
    let who = if refused.is_whole {
        namespace.to_owned()
    } else {
        format!("{namespace} as service account {}", list(&accounts))
    };
    let mut evidence = Vec::new();
    if entry.id.namespace != namespace {
        let words = export_to(entry);
        let unread = if words.iter().any(|word| word == "*") {
            String::new()
        } else {
            format!(": ztunnel does not read its spec.exportTo, `{}`", words.join(", "))
        };
        let ObjectId { namespace: home, name, .. } = &entry.id;
        evidence
            .push(format!("serviceentry {home}/{name} takes the host's calls from every namespace{unread}"));
        evidence.push(format!("{namespace} has no ServiceEntry of its own for {host}"));
    }
    let principals: Vec<String> =
        accounts.iter().map(|account| format!("cluster.local/ns/{namespace}/sa/{account}")).collect();
    evidence.push(format!("its pods are {}", list(&principals)));
    let why = format!(
        "allows the callers at the waypoint; or give {namespace} a ServiceEntry of its own for {host}, which ztunnel prefers"
    );
    let (object, fix) = remedy(&refused.denial, entry, &principals, &why, &mut evidence);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message: format!(
            "waypoint {}/{} takes calls to {host} from {who}, and refuses them",
            waypoint.namespace, waypoint.name
        ),
        object,
        evidence,
        consequence: consequence(namespace, host, refused.port),
        fix,
    }
}

fn all_refused(
    view: &View<'_>,
    waypoint: &UsedWaypoint<'_>,
    entry: &Resource,
    host: &str,
    (first, all): (&RefusedPods<'_, '_>, &[RefusedPods<'_, '_>]),
) -> Finding {
    let namespaces: Vec<&str> = all.iter().take(NAMED).map(|refused| refused.namespace).collect();
    let first = all.iter().find(|refused| refused.namespace == entry.id.namespace).unwrap_or(first);
    let mut evidence = Vec::new();
    let principals: Vec<String> = first
        .accounts
        .iter()
        .map(|account| format!("cluster.local/ns/{}/sa/{account}", first.namespace))
        .collect();
    evidence.push(format!("pods in ambient mode are {}", list(&principals)));
    let why = "allows these callers at the waypoint";
    let (object, fix) = remedy(&first.denial, entry, &principals, why, &mut evidence);
    // The callers that a policy names may run at other times only, as those of a CronJob.
    let names_others = match &first.denial {
        Denial::NotAllowed { by, .. } => {
            by.iter().any(|policy| policy.spec.rules.as_ref().is_some_and(|it| !it.is_empty()))
        }
        Denial::Denied { .. } => false,
    };
    let is_expected = all
        .iter()
        .any(|refused| refused.namespace == entry.id.namespace || view.is_asked(host, refused.namespace));
    let level = if names_others && !is_expected { Level::Warning } else { CHECK.level };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message: format!(
            "waypoint {}/{} refuses calls to {host} from every pod that runs",
            waypoint.namespace, waypoint.name
        ),
        object,
        evidence,
        consequence: consequence(&list(&namespaces), host, first.port),
        fix,
    }
}

fn consequence(callers: &str, host: &str, port: &ServiceEntryPorts) -> String {
    let protocol = port.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
    if protocol.starts_with("HTTP") && protocol != "HTTPS" || protocol.starts_with("GRPC") {
        format!("calls from {callers} to {host} get 403 from the waypoint")
    } else {
        format!("connections from {callers} to {host} are reset by the waypoint")
    }
}
