//! Nodes: `case.yaml` holds layers, answers, a request, gateways with their pods, and nodes.

use std::collections::BTreeMap;
use std::path::Path;

use egress_core::snapshot::{GatewayFacts, NodeFacts, PodFacts};
use egress_policy::pinning::{choose, pin};
use egress_policy::request::Request;
use serde::Deserialize;
use serde_json::json;

use crate::policy_set::Policies;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    policies: Policies,
    #[serde(default)]
    request: Request,
    /// Pods of each gateway: the name, and the node it runs on.
    gateways: BTreeMap<String, BTreeMap<String, Pod>>,
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pod {
    node: Option<String>,
    #[serde(default = "yes")]
    ready: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default = "yes")]
    ready: bool,
}

pub(crate) fn outcome(case: &Path) -> Result<String, String> {
    let case: Case =
        serde_yaml::from_str(&crate::read(case, "case.yaml")?).map_err(|error| error.to_string())?;
    let policies = match case.policies.read() {
        Ok(policies) => policies,
        Err(problem) => return Ok(problem),
    };
    let pinning = pin(&policies, &case.request);
    let all: Vec<GatewayFacts> = case.gateways.iter().map(|(name, pods)| gateway(name, pods)).collect();
    let nodes: Vec<NodeFacts> = case.nodes.iter().map(|(name, facts)| node(name, facts)).collect();
    let gateways: Vec<&GatewayFacts> = all.iter().collect();
    let chosen = match choose(&pinning, &gateways, &nodes) {
        Ok(chosen) => json!({ "chosen": chosen.map(|gateway| gateway.name.to_string()) }),
        Err(none) => json!({ "status": none.status(), "misfit": none }),
    };
    crate::json(&json!({ "status": pinning.status(), "pinning": pinning, "choice": chosen }))
}

fn gateway(name: &str, pods: &BTreeMap<String, Pod>) -> GatewayFacts {
    let name = name.parse().expect("the case names a gateway");
    let pods = pods.iter().map(|(name, pod)| PodFacts {
        namespace: "istio-system".to_owned(),
        name: name.clone(),
        node: pod.node.clone(),
        ready: pod.ready,
        ..PodFacts::default()
    });
    GatewayFacts { pods: pods.collect(), assumed: false, ..GatewayFacts::assumed(name, BTreeMap::new()) }
}

fn node(name: &str, facts: &Node) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        labels: facts.labels.clone(),
        ready: facts.ready,
        schedulable: true,
        taints: Vec::new(),
        addresses: Vec::new(),
        accepts: None,
    }
}

fn yes() -> bool {
    true
}
