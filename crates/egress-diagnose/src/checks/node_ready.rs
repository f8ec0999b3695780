//! EG022: the nodes of the gateway's pods are ready.

use std::collections::BTreeSet;

use egress_core::snapshot::GatewayFacts;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Finding, Fix, Place};
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
Bring the node back, or drain it so that the pod moves.
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
    let all = down.len() == used.len();
    let finding = |name: &&str| Finding {
        code: CHECK.code,
        level: if all { Level::Error } else { Level::Warning },
        message: format!("node {name} is not ready"),
        object: Place::new("Node", None, name).field("status.conditions[Ready]", "False"),
        evidence: gateway
            .ready_pods()
            .filter(|pod| pod.node.as_deref() == Some(name))
            .map(|pod| format!("pod {} runs on it and still counts as ready", pod.name))
            .collect(),
        consequence: if all {
            "every call through this gateway hangs or fails".to_owned()
        } else {
            "calls that reach the pods on it hang or fail".to_owned()
        },
        fix: Fix {
            command: format!("kubectl drain {name} --ignore-daemonsets --delete-emptydir-data"),
            why: "moves the pods to another node; first see that one may run them".to_owned(),
        },
    };
    Outcome::Bad(down.iter().map(finding).collect())
}
