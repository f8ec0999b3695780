//! What the writes of a request do to calls: by the simulation, or by istiod's code.
//!
//! Knows what must be true of a requested call, and of all others. Written apart from `egress_core::preflight`, which decides
//! the same before the first write.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use egress_core::callers::callers;
use egress_core::intent::Intent;
use egress_core::istio::call::{Call, End, Passage, Refusal, Speaks};
use egress_core::port::{Port, Protocol};
use egress_core::snapshot::{PodFacts, Snapshot};
use serde_json::Value;

use super::attempt::Attempt;
use crate::oracle::{
    calls::calls,
    cluster::{self, Identity},
    judge::{Judge, simulated},
};

/// Where the host is for callers: at an address that no object names.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 250));

/// The calls of a cluster before and after.
pub(super) struct Paths<'a> {
    attempt: &'a Attempt,
    before: &'a [Value],
    after: &'a [Value],
    snapshot: Snapshot,
    tried: Vec<Call>,
}

/// A call that does what it should not.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    call: Call,
    what: String,
}

/// What is called, and from which namespace.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RequestedCall<'a> {
    namespace: &'a str,
    port: u16,
    speaks: &'a Speaks,
}

impl<'a> RequestedCall<'a> {
    fn of(call: &'a Call) -> Self {
        let namespace = call.caller.split('/').next().unwrap_or_default();
        RequestedCall { namespace, port: call.port, speaks: &call.speaks }
    }
}

fn refused_by_policy(passages: &[Passage]) -> bool {
    passages.iter().any(|passage| passage.end == End::Refused(Refusal::ByPolicy))
}

impl<'a> Paths<'a> {
    /// Of an attempt that has a plan.
    pub(super) fn of(attempt: &'a Attempt) -> Option<Self> {
        let after = attempt.after.as_deref()?;
        let (facts, _) = cluster::read(after);
        let mut tried = calls(after, &facts);
        let siblings: Vec<Call> = tried.iter().filter_map(|call| sibling(call, &attempt.intent)).collect();
        tried.extend(siblings);
        tried.extend(requested(&attempt.intent, &facts.snapshot));
        tried.sort();
        tried.dedup();
        Some(Paths { attempt, before: &attempt.before, after, snapshot: facts.snapshot, tried })
    }

    /// By the simulation.
    pub(super) fn simulated(&self) -> Vec<Violation> {
        let of =
            |objects: &[Value]| simulated(objects, &self.tried).into_iter().map(|(_, found)| found).collect();
        self.violations(of(self.before), of(self.after))
    }

    /// By istiod's code; none where it does not take the objects.
    pub(super) fn by_istiod(&self, judge: &mut Judge) -> anyhow::Result<Option<Vec<Violation>>> {
        let before = judge.passages(self.before, &self.tried)?;
        let after = judge.passages(self.after, &self.tried)?;
        Ok(before.zip(after).map(|(before, after)| self.violations(before, after)))
    }

    fn violations(&self, before: Vec<Vec<Passage>>, after: Vec<Vec<Passage>>) -> Vec<Violation> {
        let allowed: BTreeSet<RequestedCall<'_>> = self
            .tried
            .iter()
            .zip(&after)
            .filter(|(call, will)| !refused_by_policy(will) && self.is_requested(call) == Some(true))
            .map(|(call, _)| RequestedCall::of(call))
            .collect();
        let all = self.tried.iter().zip(before.into_iter().zip(after));
        all.filter_map(|(call, (was, will))| {
            // The command does not name the pods that shall call: one that the policies allow is enough.
            if refused_by_policy(&will) && allowed.contains(&RequestedCall::of(call)) {
                return None;
            }
            let what = self.violation(call, &was, &will)?;
            Some(Violation { call: call.clone(), what })
        })
        .collect()
    }

    fn violation(&self, call: &Call, was: &[Passage], will: &[Passage]) -> Option<String> {
        let unknown =
            |passage: &Passage| matches!(passage.end, End::Refused(Refusal::NoEndpoint) | End::Undecided);
        if was.iter().chain(will).any(unknown) || will.is_empty() {
            return None;
        }
        match self.is_requested(call) {
            Some(true) => {
                let wrong = will.iter().find(|passage| !self.is_wanted(passage))?;
                Some(format!("does not leave through the gateway: {wrong:?}"))
            }
            Some(false) => None,
            // What somebody's edit of an object of this egress let out is mended with it.
            None if self.is_mended() && was.iter().all(|passage| self.is_bypass(passage)) => None,
            None => {
                let (was, will) = (ways(call, was), ways(call, will));
                let leaves = |way: &&(Vec<&str>, End)| !matches!(way.1, End::Refused(_));
                let changes = if was.iter().any(|way| leaves(&way)) {
                    was != will
                } else {
                    will.iter().filter(leaves).any(|(proxies, _)| proxies.is_empty())
                };
                changes.then(|| format!("is not part of the request, ended {was:?}, and then {will:?}"))
            }
        }
    }

    /// Whether a call is one that the request is for; with `Some(false)` it is one of the same host by the same callers, of
    /// which the request says nothing.
    fn is_requested(&self, call: &Call) -> Option<bool> {
        let intent = &self.attempt.intent;
        let namespace = call.caller.split('/').next().unwrap_or_default();
        let is_caller =
            callers(&intent.export_to, &intent.namespace, &self.snapshot).iter().any(|it| it == namespace);
        let (name, protocol) = match &call.speaks {
            Speaks::Http { authority } => (authority.split(':').next().unwrap_or_default(), Protocol::Http),
            Speaks::Tls { server_name } => (server_name.as_deref().unwrap_or_default(), Protocol::Tls),
            Speaks::Bytes => return None,
        };
        // Names that a dialect makes up belong to the egress.
        let upstream = intent.layout.dialect().upstream_host(intent.host.as_str(), &intent.namespace);
        if name == upstream && upstream != intent.host.as_str() {
            return Some(false);
        }
        // Calls of pods without a sidecar are not what `add` is for.
        let has_sidecar =
            |pod: &PodFacts| pod.has_sidecar && call.caller == format!("{}/{}", pod.namespace, pod.name);
        if !self.snapshot.pods.iter().any(has_sidecar) {
            return Some(false);
        }
        if !is_caller || name != intent.host.as_str() {
            return None;
        }
        let has = intent.ports.iter().any(|port| port.number == call.port && port.protocol == protocol);
        let declared = intent.ports.iter().any(|port| port.number == call.port);
        match (has, declared) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    /// Whether the request changes an object that is there.
    fn is_mended(&self) -> bool {
        self.after.iter().any(|after| {
            let is_it = |before: &&Value| Identity::of(before) == Identity::of(after);
            cluster::is_of_istio(after)
                && self
                    .before
                    .iter()
                    .find(is_it)
                    .is_some_and(|before| before.get("spec") != after.get("spec"))
        })
    }

    /// Whether a call leaves for the host directly.
    fn is_bypass(&self, passage: &Passage) -> bool {
        passage.hops.len() == 1
            && matches!(&passage.end, End::Leaves { to, .. } if to == self.attempt.intent.host.as_str())
    }

    fn is_wanted(&self, passage: &Passage) -> bool {
        let intent = &self.attempt.intent;
        let pods = self.snapshot.gateway(&intent.gateway).into_iter().flat_map(|gateway| &gateway.pods);
        let names: BTreeSet<String> = pods.map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect();
        let last = passage.hops.last().is_some_and(|hop| names.contains(&hop.proxy));
        last && matches!(&passage.end, End::Leaves { to, .. } if to == intent.host.as_str())
    }
}

/// The calls that a request is for: the calls of a cluster are a choice, in which they may be missing.
fn requested(intent: &Intent, snapshot: &Snapshot) -> Vec<Call> {
    let namespaces = callers(&intent.export_to, &intent.namespace, snapshot);
    // One of each namespace and service account: policies may tell them apart.
    let mut accounts = BTreeSet::new();
    let mut callers = Vec::new();
    for pod in &snapshot.pods {
        let calls = namespaces.contains(&pod.namespace) && pod.has_sidecar && !pod.finished;
        if calls && accounts.insert((&pod.namespace, &pod.service_account)) {
            callers.push(format!("{}/{}", pod.namespace, pod.name));
        }
    }
    let host = intent.host.as_str();
    let call = |caller: &String, port: &Port| Call {
        caller: caller.clone(),
        address: ANYWHERE,
        port: port.number,
        speaks: match port.protocol {
            Protocol::Http if port.number == 80 => Speaks::Http { authority: host.to_owned() },
            Protocol::Http => Speaks::Http { authority: format!("{host}:{}", port.number) },
            Protocol::Tls => Speaks::Tls { server_name: Some(host.to_owned()) },
        },
    };
    callers.iter().flat_map(|caller| intent.ports.iter().map(move |port| call(caller, port))).collect()
}

/// The same call for another host below the same domain as the host of a request: a wildcard may cover both.
fn sibling(call: &Call, intent: &Intent) -> Option<Call> {
    let (_, domain) = intent.host.as_str().split_once('.')?;
    let name = format!("another.{domain}");
    let speaks = match &call.speaks {
        Speaks::Http { authority } if authority.starts_with(intent.host.as_str()) => {
            Speaks::Http { authority: authority.replacen(intent.host.as_str(), &name, 1) }
        }
        Speaks::Tls { server_name } if server_name.as_deref() == Some(intent.host.as_str()) => {
            Speaks::Tls { server_name: Some(name) }
        }
        _ => return None,
    };
    Some(Call { speaks, ..call.clone() })
}

/// The proxies after the caller's, and the end. A call that leaves directly for the host that it names leaves for its address.
fn ways<'p>(call: &Call, passages: &'p [Passage]) -> BTreeSet<(Vec<&'p str>, End)> {
    let way = |passage: &'p Passage| {
        let hops = passage.hops.iter().map(|hop| hop.proxy.as_str());
        let proxies: Vec<&str> = hops.filter(|proxy| *proxy != call.caller).collect();
        let end = match (&passage.end, call.host()) {
            (End::Leaves { to, port }, Some(host)) if proxies.is_empty() && to == host => {
                End::Leaves { to: call.address.to_string(), port: *port }
            }
            (end, _) => end.clone(),
        };
        (proxies, end)
    };
    passages.iter().map(way).collect()
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.call, self.what)
    }
}
