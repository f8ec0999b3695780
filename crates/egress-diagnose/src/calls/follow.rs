//! Follows the calls of a request: those of the hosts that were asked for, else those to hosts that no object names.
//!
//! Callers whose calls take the same ways are reported once.

use std::net::IpAddr;

use egress_core::istio::call::Call;
use egress_core::snapshot::PodFacts;
use rayon::prelude::*;

use super::ambient_callers::AmbientCallers;
use super::ambient_ways::AmbientHost;
use super::called_ports::called_ports;
use super::limits::{self, Limit};
use super::reasons::CalledHost;
use super::uncaptured::uncaptured;
use super::unsure;
use super::{CallWay, CallingPod, Followed, FollowedCall, HostToFollow, UnfollowedCall, callers};
use crate::facts::{ClusterFacts, Request};
use crate::path::EgressPath;
use crate::traffic::host_call::{ANYWHERE, SpokenProtocol};
use crate::view::View;

/// One call to follow.
struct CallToFollow<'a> {
    host: String,
    pod: &'a PodFacts,
    port: u16,
    protocol: SpokenProtocol,
    address: IpAddr,
    is_mentioned: bool,
    /// What ztunnel does with it; none where the caller has a sidecar.
    ambient: Option<AmbientHost<'a>>,
}

/// Follows the calls to the hosts in `asked`. If there are none, those to requested hosts from namespaces that see no object
/// that names the host.
pub(crate) fn follow<'a>(
    view: &View<'a>,
    facts: &'a ClusterFacts,
    paths: &[EgressPath<'_>],
    request: &Request,
    asked: &[HostToFollow],
) -> Followed {
    let only_unmentioned = asked.is_empty();
    let all: Vec<HostToFollow> = match asked {
        [] => {
            request.hosts.iter().map(|host| HostToFollow { host: host.clone(), ports: Vec::new() }).collect()
        }
        asked => asked.to_vec(),
    };
    let mut found = Followed::default();
    let mut calls: Vec<CallToFollow<'a>> = Vec::new();
    let ambient = AmbientCallers::of(&facts.snapshot);
    let mut of_mesh: Option<Vec<Limit>> = None;
    for wanted in &all {
        let host = wanted.host.as_str();
        if only_unmentioned && paths.iter().any(|path| path.host == host && path.egress.is_some()) {
            continue;
        }
        let namespaces = callers::namespaces(facts, paths, request, host);
        let knows = |namespace: &String| is_mentioned(view, namespace, host);
        let in_ambient = ambient.asked(facts, request, &namespaces);
        let mut callers = namespaces.iter().chain(in_ambient.iter().map(|pod| &pod.namespace));
        if only_unmentioned && callers.all(knows) {
            continue;
        }
        let of_mesh = of_mesh.get_or_insert_with(|| limits::of_mesh(view, facts));
        if !of_mesh.is_empty() {
            for limit in of_mesh.iter() {
                found.unfollowed(host, None, None, limit.clone());
            }
            continue;
        }
        for pod in &in_ambient {
            calls.extend(of_ambient(view, &ambient, (host, wanted), pod, only_unmentioned, &mut found));
        }
        if namespaces.is_empty() && in_ambient.is_empty() {
            found.unfollowed(host, None, None, Limit::new("no namespace has a pod with a sidecar"));
        }
        for namespace in &namespaces {
            let is_mentioned = is_mentioned(view, namespace, host);
            if only_unmentioned && is_mentioned {
                continue;
            }
            if let Some(limit) = limits::of_host(view, facts, namespace, host) {
                found.unfollowed(host, Some(namespace), None, limit);
                continue;
            }
            let mut pods = callers::pods(view, facts, request, namespace);
            let is_followed = |pod: &PodFacts| {
                in_ambient.iter().any(|one| (&one.namespace, &one.name) == (&pod.namespace, &pod.name))
            };
            pods.retain(|pod| !is_followed(pod));
            if pods.is_empty() && in_ambient.iter().any(|pod| pod.namespace == *namespace) {
                continue;
            }
            if pods.is_empty() {
                let Limit { because, inputs } = no_caller(request, namespace);
                found.unfollowed.push(UnfollowedCall {
                    host: host.to_owned(),
                    namespace: Some(namespace.clone()),
                    port: None,
                    because,
                    inputs,
                    is_without_caller: true,
                });
                continue;
            }
            let places = called_ports(view, namespace, host, &wanted.ports);
            for (port, protocol) in places.ports {
                if protocol == SpokenProtocol::Tcp && places.address.is_none() {
                    let why =
                        "no object has an address of this TCP host, and a sidecar knows TCP hosts by address";
                    found.unfollowed(host, Some(namespace), Some(port), Limit::new(why));
                    continue;
                }
                let address = places.address.unwrap_or(ANYWHERE);
                calls.extend(pods.iter().map(|pod| CallToFollow {
                    host: host.to_owned(),
                    pod,
                    port,
                    protocol,
                    address,
                    is_mentioned,
                    ambient: None,
                }));
            }
        }
    }
    let views = view.maker();
    let ways: Vec<_> = calls.par_iter().map_init(&views, |view, call| call.ways(view)).collect();
    for (call, ways) in calls.iter().zip(ways) {
        match ways {
            Ok(ways) => found.add(call, ways),
            Err(limit) => found.unfollowed(&call.host, Some(&call.pod.namespace), Some(call.port), limit),
        }
    }
    // Those who know the host come first, and of them those whose calls leave through a gateway.
    let place = |call: &FollowedCall| all.iter().position(|wanted| wanted.host.as_str() == call.host);
    let result = |call: &FollowedCall| call.ways.first().map(|way| way.result);
    found.calls.sort_by_key(|call| (place(call), !call.is_mentioned, call.port, result(call)));
    found
}

/// Whether an object that a namespace sees names the host itself.
fn is_mentioned(view: &View<'_>, namespace: &str, host: &str) -> bool {
    !view.entries_seen_from(namespace, host).is_empty()
        || !view.mesh_routes_seen_from(namespace, host).is_empty()
}

/// Why no pod of a namespace calls.
fn no_caller(request: &Request, namespace: &str) -> Limit {
    if let Some(client) = request.client.as_ref().filter(|client| client.namespace == namespace) {
        return Limit::new(format!("there is no pod {} with a sidecar", client.name));
    }
    Limit::new("no pod there has a sidecar")
}

/// The calls of a pod in ambient mode. ztunnel knows hosts by their addresses alone.
fn of_ambient<'a>(
    view: &View<'a>,
    ambient: &AmbientCallers<'a>,
    (host, wanted): (&str, &HostToFollow),
    pod: &'a PodFacts,
    only_unmentioned: bool,
    found: &mut Followed,
) -> Vec<CallToFollow<'a>> {
    let namespace = pod.namespace.as_str();
    let is_mentioned = is_mentioned(view, namespace, host);
    if only_unmentioned && is_mentioned {
        return Vec::new();
    }
    let ambient_host = AmbientHost::of(view, ambient, namespace, host);
    let Some(address) = ambient_host.address() else {
        let why = "no object has an address of this host, and ztunnel knows hosts by address";
        found.unfollowed(host, Some(namespace), None, Limit::new(why));
        return Vec::new();
    };
    let places = called_ports(view, namespace, host, &wanted.ports);
    let call = |(port, protocol): (u16, SpokenProtocol)| CallToFollow {
        host: host.to_owned(),
        pod,
        port,
        protocol,
        address,
        is_mentioned,
        ambient: Some(ambient_host.clone()),
    };
    places.ports.into_iter().map(call).collect()
}

impl<'a> CallToFollow<'a> {
    fn ways(&self, view: &View<'a>) -> Result<Vec<CallWay>, Limit> {
        let CallToFollow { host, pod, port, protocol, address, .. } = self;
        let ambient = self.ambient.as_ref();
        if ambient.is_none()
            && let Some(way) = uncaptured(pod, host, *port)?
        {
            return Ok(vec![way]);
        }
        let call = Call {
            caller: format!("{}/{}", pod.namespace, pod.name),
            address: *address,
            port: *port,
            speaks: protocol.speaks(host, *port),
        };
        let ways = CalledHost { view, pod, host, protocol: *protocol, call: &call, ambient }.ways()?;
        if ways.is_empty() {
            return Err(Limit::new(format!("pod {} has no sidecar", pod.name)));
        }
        match unsure::of_ways(view, &ways) {
            Some(limit) => Err(limit),
            None => Ok(ways),
        }
    }
}

impl Followed {
    /// Adds a call; callers whose calls take the same ways are together.
    fn add(&mut self, call: &CallToFollow<'_>, ways: Vec<CallWay>) {
        let CallToFollow { host, pod, port, protocol, is_mentioned, ambient, .. } = call;
        let caller = CallingPod { namespace: pod.namespace.clone(), pod: pod.name.clone() };
        let is_like = |other: &&mut FollowedCall| {
            other.host == *host
                && other.port == *port
                && other.protocol == *protocol
                && other.is_mentioned == *is_mentioned
                && other.is_ambient == ambient.is_some()
                && other.ways == ways
        };
        match self.calls.iter_mut().find(is_like) {
            Some(known) => known.callers.push(caller),
            None => self.calls.push(FollowedCall {
                host: host.clone(),
                port: *port,
                protocol: *protocol,
                is_mentioned: *is_mentioned,
                is_ambient: ambient.is_some(),
                callers: vec![caller],
                ways,
            }),
        }
    }

    fn unfollowed(&mut self, host: &str, namespace: Option<&str>, port: Option<u16>, limit: Limit) {
        let Limit { because, inputs } = limit;
        let call = UnfollowedCall {
            host: host.to_owned(),
            namespace: namespace.map(str::to_owned),
            port,
            because,
            inputs,
            is_without_caller: false,
        };
        if !self.unfollowed.contains(&call) {
            self.unfollowed.push(call);
        }
    }
}
