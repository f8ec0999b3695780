//! EG031: the gateway reaches the host.

use std::collections::BTreeMap;

use egress_core::proxy::ClusterView;
use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::evidence::PodName;
use crate::finding::{Confidence, Finding, Fix, Place};
use crate::legs::upstreams;
use crate::proxies::Seen;
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(31),
    name: "the gateway's connections to the host succeed",
    level: Level::Error,
    hop: Hop::Upstream,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::GatewayProxies],
    docs: "\
## What it checks
Envoy's own statistics of the host's cluster in each gateway pod: how many connections were tried, and how many failed.

## Why it matters
A firewall, a NetworkPolicy or a missing route on the gateway's node shows here: calls fail with 503 (`UF`) after the
connect timeout. Statistics tell of the time since the pod started; before the first call they tell nothing.

## How to fix
Try the connection from the gateway's pod, and open the way from its node.
",
    run: Run::Through(run),
};

/// From this share of failed connections on a partial failure is worth a warning: one lost connection in a long life is not.
const NOTABLE: f64 = 0.1;

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let clusters: BTreeMap<String, Option<u16>> = upstreams(view, way, gateway)
        .iter()
        .filter_map(|route| Some((route.cluster()?, route.destination_port)))
        .collect();
    let mut seen = Seen::default();
    for (pod, envoy) in view.gateway_proxies(gateway) {
        let envoy = match envoy {
            Err(why) => {
                seen.unreadable(why);
                continue;
            }
            Ok(envoy) => envoy,
        };
        let tried: Vec<_> = clusters
            .iter()
            .filter_map(|(name, port)| Some((name, port, envoy.clusters.get(name)?)))
            .filter(|(_, _, cluster)| cluster.connections > 0)
            .collect();
        if tried.is_empty() {
            seen.nobody(format!("gateway pod {} opened no connection to {} yet", pod.name, way.host));
        }
        for (name, port, cluster) in tried {
            seen.looked(fails(cluster).then(|| finding(way, &pod, name, *port, cluster)));
        }
    }
    seen.outcome()
}

fn fails(cluster: &ClusterView) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a share of counts; no count comes near 2^52")]
    let share = cluster.connect_failures as f64 / cluster.connections as f64;
    share >= NOTABLE
}

fn finding(way: &Way<'_>, pod: &PodName, name: &str, port: Option<u16>, cluster: &ClusterView) -> Finding {
    let all = cluster.connect_failures >= cluster.connections;
    let (host, port) = (&way.host, port.unwrap_or(443));
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if all { Level::Error } else { Level::Warning },
        message: format!("{} connections from the gateway to {host} fail", if all { "all" } else { "some" }),
        object: Place::new("Pod", Some(&pod.namespace), &pod.name),
        evidence: vec![format!(
            "Envoy of pod {}: {} of {} to cluster `{name}` failed since it started",
            pod.name, cluster.connect_failures, cluster.connections
        )],
        consequence: format!(
            "calls to {host} that reach such a pod {}: HTTP gets 503, TLS is reset",
            if all { "fail" } else { "fail at times" }
        ),
        fix: Fix {
            command: format!(
                "kubectl exec {} -n {} -c istio-proxy -- curl -sv -o /dev/null --connect-timeout 5 telnet://{host}:{port}",
                pod.name, pod.namespace
            ),
            why: "shows how it fails; then open the way from the node of the pod".to_owned(),
        },
    }
}
