//! EG084: the gateway's clusters of the host come from the egress's own ServiceEntry.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::input::Input;
use egress_core::inventory::answering::upstream;
use egress_core::proof::{self, Expectation, Owner, ProxyCondition, Side, UnmetCondition};
use egress_core::proxy::{ProxyView, cluster_name};
use egress_core::snapshot::GatewayFacts;

use crate::finding::{Awaited, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::envoys::EnvoyResults;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(84),
    name: "the gateway's clusters of the host come from the egress's own ServiceEntry",
    level: Level::Error,
    segment: PathSegment::GatewayProxies,
    inputs: &[Input::GatewayProxies],
    beside_the_walk: "It reads the gateway's Envoys, not objects: where their clusters really come from.",
    docs: "\
## What it checks
Every ready pod of the gateway: each cluster of the host in its Envoy comes from a ServiceEntry of the egress's own
namespace (`filter_metadata.istio.services`), resolves the host by its name, and leads to its port and nowhere else.

## Why it matters
A cluster is named after the host, not after the namespace that declared it. An Envoy that sends calls to somebody
else's addresses has the same routes and the same names as a correct one.

## How to fix
Find the ServiceEntry in the other namespace that declares the host, and delete it: `kubectl get serviceentries -A`.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let (Some(egress), Some(record), Ok(host)) = (path.egress, path.record(), DnsName::parse(&path.host))
    else {
        return CheckOutcome::NotApplicable;
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
    let conditions = owners.iter().cloned().map(ProxyCondition::MadeOf).collect();
    let expectation = Expectation { side: Side::Gateway, host, conditions };
    let mut seen = EnvoyResults::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        match envoy {
            Err(why) => seen.unreadable(why),
            Ok(envoy) if !known(envoy) => {
                seen.awaits(Awaited::Owners { pod: pod.name });
            }
            Ok(envoy) => {
                let lack = proof::check(envoy, &expectation).err();
                seen.looked(lack.map(|UnmetCondition(lack)| Finding {
                    code: CHECK.code,
                    confidence: Confidence::Certain,
                    level: CHECK.level,
                    message: format!(
                        "the gateway's cluster of {} does not come from the egress's ServiceEntry",
                        path.host
                    ),
                    object: Place::new("Pod", Some(&pod.namespace), &pod.name),
                    evidence: vec![format!("Envoy of pod {}: {lack}", pod.name)],
                    consequence: format!(
                        "calls to {} leave the gateway for a destination of another object",
                        path.host
                    ),
                    fix: fixes::of_proxy(path, &pod),
                }));
            }
        }
    }
    seen.outcome()
}
