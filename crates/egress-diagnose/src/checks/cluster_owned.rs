//! EG084: the gateway's Envoys send to what the egress's own entry says.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::inventory::answering::upstream;
use egress_core::proof::{self, Demand, Expectation, Lack, Owner, Side};
use egress_core::proxy::{ProxyView, cluster_name};
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::proxies::Seen;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(84),
    name: "the gateway's clusters of the host are the egress's own",
    level: Level::Error,
    hop: Hop::GatewayProxies,
    inputs: &[Input::GatewayProxies],
    docs: "\
## What it checks
Every ready pod of the gateway: each cluster of the host in its Envoy must be made of an entry of the egress's own namespace
(`filter_metadata.istio.services`), look the host up by its name, and lead to its port and to nothing else.

## Why it matters
A cluster is called by a host, not by who declared it. An Envoy that sends calls to another's addresses has the same routes
and the same names as one that sends them to the host.

## How to fix
Find the entry that declares the host in the other namespace, and delete it: `kubectl get serviceentries -A`.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let (Some(egress), Some(record), Ok(host)) = (way.egress, way.record(), DnsName::parse(&way.host)) else {
        return Outcome::NotApplicable;
    };
    let upstream = upstream(egress);
    let owners: Vec<Owner> = record
        .intent
        .ports
        .iter()
        .map(|port| Owner {
            cluster: cluster_name(port.number, "", &upstream),
            host: upstream.clone(),
            namespaces: BTreeSet::from([egress.namespace.clone()]),
            target: Some(format!("{host}:{}", port.number)),
            required: false,
        })
        .collect();
    let known = |envoy: &ProxyView| owners.iter().any(|owner| envoy.configured.contains_key(&owner.cluster));
    let demands = owners.iter().cloned().map(Demand::Owned).collect();
    let expectation = Expectation { side: Side::Gateway, host, demands };
    let mut seen = Seen::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        match envoy {
            Err(why) => seen.unreadable(why),
            Ok(envoy) if !known(envoy) => {
                seen.nobody(format!("Envoy of pod {} does not say whose the clusters are", pod.name));
            }
            Ok(envoy) => {
                let lack = proof::check(envoy, &expectation).err();
                seen.looked(lack.map(|Lack(lack)| Finding {
                    code: CHECK.code,
                    confidence: Confidence::Certain,
                    level: CHECK.level,
                    message: format!("the gateway's cluster of {} is not the egress's own", way.host),
                    object: Place::new("Pod", Some(&pod.namespace), &pod.name),
                    evidence: vec![format!("Envoy of pod {}: {lack}", pod.name)],
                    consequence: format!(
                        "calls to {} leave the gateway for where another object says",
                        way.host
                    ),
                    fix: fixes::of_proxy(way, &pod),
                }));
            }
        }
    }
    seen.outcome()
}
