//! EG022: the nodes of the gateway's pods are ready.

use std::collections::BTreeSet;

use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Fix, Place};
use crate::view::View;
use crate::words::list;

pub(super) const CHECK: Check = Check {
    code: Code(22),
    name: "the gateway's nodes are ready",
    level: Level::Error,
    hop: Hop::Gateway,
    inputs: &[Input::Gateways, Input::Nodes],
    docs: "\
## What it checks
The condition `Ready` of each node that a ready pod of the gateway runs on.

## Why it matters
A pod stays ready for minutes after its node is gone. Calls that reach it hang or fail until it is replaced, and it is
replaced only where another node may run it.

## How to fix
Bring the node back, or delete the pod so that another node takes over.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> Outcome {
    let used: BTreeSet<&str> = gateway.ready_pods().filter_map(|pod| pod.node.as_deref()).collect();
    if used.is_empty() {
        return Outcome::NotApplicable;
    }
    let nodes = view.nodes();
    if nodes.is_empty() {
        let why = view.unreadable("nodes");
        return Outcome::Unreadable(why.unwrap_or_else(|| "nodes were not read".to_owned()));
    }
    let is_down = |name: &&str| nodes.iter().any(|node| node.name == **name && !node.ready);
    let down: Vec<&str> = used.iter().copied().filter(|name| is_down(name)).collect();
    if down.is_empty() {
        let used: Vec<&str> = used.into_iter().collect();
        return Outcome::Good(Some(list(&used)));
    }
    let pods = |node: &str| -> Vec<&str> {
        let there = gateway.ready_pods().filter(|pod| pod.node.as_deref() == Some(node));
        there.map(|pod| pod.name.as_str()).collect()
    };
    let all = down.len() == used.len();
    let finding = |name: &&str| {
        Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: if all { Level::Error } else { Level::Warning },
        message: format!("node {name} is not ready"),
        object: Place::new("Node", None, name).field("status.conditions[Ready]", "False"),
        evidence: vec![format!("pods on it that still count as ready: {}", list(&pods(name)))],
        consequence: if all {
            "every call through this gateway hangs or fails".to_owned()
        } else {
            "calls that reach the pods on it hang or fail".to_owned()
        },
        fix: Fix {
            command: format!("kubectl delete pod {} -n {} --wait=false", pods(name).join(" "), gateway.name.namespace),
            why: "another node takes over, if one may run them; kubectl describe node tells what is wrong with this one"
                .to_owned(),
        },
    }
    };
    Outcome::Bad(down.iter().map(finding).collect())
}
