//! The calls that are tried in a cluster: callers, names, addresses and ports that its objects name, and some that none names.
//!
//! Knows where objects have names and ports. Knows no rule of Istio: a call that leads nowhere is as good as another.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egress_core::istio::call::{Call, Speaks};
use egress_diagnose::facts::ClusterFacts;
use serde_json::Value;

use super::{ambient, random::Random};
pub(super) use named::NamedHosts;
use resolution::Resolution;

mod named;
mod resolution;

/// So many calls are tried in one cluster.
pub(super) const MOST: usize = 60;
/// So many pods of a namespace call.
const CALLERS: usize = 3;
/// A host that no object names.
const UNKNOWN_HOST: &str = "nobody.example.net";
/// A port that no object names.
const UNKNOWN_PORT: u16 = 9999;
/// Everybody may call these.
const USUAL_PORTS: [u16; 2] = [80, 443];

/// The calls of a cluster: always the same ones of the same objects, those first that people make.
pub(super) fn calls(objects: &[Value], facts: &ClusterFacts) -> Vec<Call> {
    let named = NamedHosts::of(objects);
    let resolution = Resolution::of(objects);
    let callers = callers(facts);
    let pod = |caller: &str| {
        let mut pods = facts.snapshot.pods.iter();
        pods.find(|pod| caller.split_once('/') == Some((&pod.namespace, &pod.name)))
    };
    let mut ranked: Vec<(usize, Call)> = Vec::new();
    for (rank, target) in targets(&named, &resolution) {
        for caller in &callers {
            let namespace = caller.split('/').next().unwrap_or_default();
            // ztunnel answers names with the addresses that istiod gave to hosts.
            let pod = pod(caller);
            let is_captured = pod.is_some_and(|pod| !pod.has_sidecar);
            let of_ipv6 = pod.is_some_and(|pod| pod.addresses.iter().all(|own| own.contains(':')));
            let given = || resolution.given(&target.host, of_ipv6).filter(|_| is_captured);
            let address = target.address.or_else(given);
            let Some(address) = address.or_else(|| resolution.address(&target.host, namespace)) else {
                continue;
            };
            // istiod gives addresses of both kinds, and a pod has one kind of its own.
            if resolution.is_given(address) && address.is_ipv6() != of_ipv6 {
                continue;
            }
            for (step, speaks) in spoken(&target) {
                let call = Call { caller: caller.clone(), address, port: target.port, speaks };
                ranked.push((rank + step, call));
            }
        }
    }
    // Of one rank any may be left out, and not always those of the last names.
    Random::of(0, 0).shuffle(&mut ranked);
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut seen = BTreeSet::new();
    let mut calls: Vec<Call> = ranked.into_iter().map(|(_, call)| call).collect();
    calls.retain(|call| seen.insert(call.clone()));
    calls.truncate(MOST);
    calls.sort();
    calls
}

/// What is called: a name, or an address where there is none.
struct CallTarget {
    host: String,
    address: Option<IpAddr>,
    port: u16,
}

/// Everything that may be called; the lower the number, the more it matters.
fn targets(named: &NamedHosts, resolution: &Resolution) -> Vec<(usize, CallTarget)> {
    let mut targets = Vec::new();
    let mut push = |rank, host: &str, address, port| {
        targets.push((rank, CallTarget { host: host.to_owned(), address, port }));
    };
    for (host, ports) in &named.hosts {
        // Services are called in every mesh; the gateway's own is one of them.
        let rank = if resolution.is_service(host) { 3 } else { 0 };
        for port in USUAL_PORTS.iter().chain(ports).chain([&UNKNOWN_PORT]) {
            let rank = if ports.contains(port) { rank } else { rank + 2 };
            push(rank, host, None, *port);
        }
    }
    // Of an entry with several addresses or hosts one address is a name of one virtual host, and istiod takes any: nothing to
    // compare.
    let is_alone = |hosts: &[String]| {
        let shared =
            |other: &&(IpAddr, Vec<String>, BTreeSet<u16>)| other.1.iter().any(|host| hosts.contains(host));
        hosts.len() <= 1 && named.addresses.iter().filter(shared).count() <= 1
    };
    for (address, hosts, ports) in &named.addresses {
        for port in ports.iter().chain([&UNKNOWN_PORT]) {
            let rank = if ports.contains(port) { 1 } else { 4 };
            if is_alone(hosts) {
                push(rank, "", Some(*address), *port);
            }
            for host in hosts {
                push(rank, host, Some(*address), *port);
            }
        }
    }
    for port in USUAL_PORTS {
        push(2, UNKNOWN_HOST, None, port);
    }
    targets
}

/// What may be said to it first, and how far that is from what people do.
fn spoken(target: &CallTarget) -> [(usize, Speaks); 3] {
    let CallTarget { host, address, port } = target;
    let authority = match address.filter(|_| host.is_empty()) {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        Some(address) => address.to_string(),
        None => host.clone(),
    };
    let authority = if *port == 80 { authority } else { format!("{authority}:{port}") };
    let server_name = (!host.is_empty()).then(|| host.clone());
    let (http, tls, bytes) = match port {
        80 | 8080 => (0, 3, 4),
        443 | 8443 => (3, 0, 4),
        _ => (1, 1, 1),
    };
    [(http, Speaks::Http { authority }), (tls, Speaks::Tls { server_name }), (bytes, Speaks::Bytes)]
}

/// `namespace/name` of the pods that call through a sidecar.
fn callers(facts: &ClusterFacts) -> Vec<String> {
    let mut pods: Vec<(&str, &str)> = facts
        .snapshot
        .pods
        .iter()
        .filter(|pod| pod.has_sidecar || ambient::is_captured(facts, pod))
        .filter(|pod| !pod.finished && !pod.host_network && !pod.addresses.is_empty())
        .map(|pod| (pod.namespace.as_str(), pod.name.as_str()))
        .collect();
    pods.sort_unstable();
    let of_namespace = pods.chunk_by(|one, other| one.0 == other.0);
    of_namespace
        .flat_map(|pods| pods.iter().take(CALLERS))
        .map(|(namespace, name)| format!("{namespace}/{name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{cluster, complete::complete, grammar, sources};

    fn calls_of(objects: &[Value]) -> Vec<Call> {
        calls(objects, &cluster::read(objects).0)
    }

    #[test]
    fn the_calls_that_people_make_are_among_them() {
        let fixtures = sources::fixtures().unwrap();
        let fixture = fixtures.into_iter().find(|fixture| fixture.name == "healthy/shared-layout").unwrap();

        let calls: Vec<String> = calls_of(&complete(fixture.objects)).iter().map(Call::to_string).collect();

        for call in [
            "shop/web-1 calls 203.0.113.250:80 for http://edition.cnn.com/",
            "shop/web-1 calls 203.0.113.250:443 with TLS for edition.cnn.com",
            "billing/bill-1 calls 203.0.113.250:80 for http://edition.cnn.com/",
            "shop/web-1 calls 203.0.113.250:80 for http://nobody.example.net/",
        ] {
            assert!(calls.iter().any(|found| found == call), "{call}: {calls:#?}");
        }
    }

    #[test]
    fn the_same_cluster_has_the_same_calls_and_never_too_many() {
        for index in 0..50 {
            let made = grammar::cluster(1, index);
            let calls = calls_of(&made.objects);
            assert_eq!(calls, calls_of(&made.objects));
            assert!(!calls.is_empty() && calls.len() <= MOST, "{}", made.name);
        }
    }

    #[test]
    fn every_way_of_speaking_is_tried() {
        let calls: Vec<Call> =
            (0..20).flat_map(|index| calls_of(&grammar::cluster(1, index).objects)).collect();
        let count = |is: fn(&Speaks) -> bool| calls.iter().filter(|call| is(&call.speaks)).count();

        assert!(count(|speaks| matches!(speaks, Speaks::Http { .. })) > 20);
        assert!(count(|speaks| matches!(speaks, Speaks::Tls { server_name: Some(_) })) > 20);
        assert!(count(|speaks| matches!(speaks, Speaks::Tls { server_name: None })) > 5);
        assert!(count(|speaks| matches!(speaks, Speaks::Bytes)) > 20);
    }

    #[test]
    fn an_authority_has_the_port_where_it_is_not_80() {
        let spoken = spoken(&CallTarget { host: "a.example".to_owned(), address: None, port: 8080 });
        assert_eq!(spoken[0].1, Speaks::Http { authority: "a.example:8080".to_owned() });
    }
}
