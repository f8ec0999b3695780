//! How the parts of a bed are: looked up, never remembered. Knows nothing of how that is shown.

use std::fs;

use super::{handle::Bed, istiod, kubernetes, node, outside, proxies};

/// A process of the bed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStatus {
    /// `istiod`, `shop/client`, `shop/client (Envoy)`, …
    pub name: String,
    /// The process, unless it has ended.
    pub pid: Option<i32>,
    /// Its resident memory in KiB.
    pub memory: u64,
    /// Whether it answers.
    pub ready: bool,
}

/// Looks at every part.
pub(super) fn status(bed: &Bed) -> anyhow::Result<Vec<ProcessStatus>> {
    let mut parts = Vec::new();
    for (name, _) in bed.parts() {
        let pid = bed.pid(&name).ok();
        let ready = pid.is_some() && answers(bed, &name);
        parts.push(part(name, pid, ready));
    }
    for pod in bed.pods.iter().filter(|pod| pod.has_proxy()) {
        let pid = bed.envoy(pod)?;
        parts.push(part(
            format!("{} (Envoy)", pod.part()),
            pid,
            pid.is_some() && proxies::is_ready(bed, pod),
        ));
    }
    Ok(parts)
}

fn answers(bed: &Bed, part: &str) -> bool {
    match part {
        "kube-apiserver" => kubernetes::is_ready(bed),
        "node" => node::is_ready(bed),
        "external-services" => outside::is_ready(bed, &bed.external_services),
        // These answer nobody; what they do shows in the parts above and in the pods.
        "etcd" | "kube-controller-manager" => true,
        other => match bed.topology.control_planes.iter().position(|istiod| istiod.name() == other) {
            Some(index) => istiod::is_ready(bed, index),
            None => proxy_answers(bed, other),
        },
    }
}

fn proxy_answers(bed: &Bed, pod: &str) -> bool {
    bed.pods.iter().filter(|known| known.part() == pod).all(|pod| proxies::is_ready(bed, pod))
}

fn part(name: String, pid: Option<i32>, ready: bool) -> ProcessStatus {
    ProcessStatus { name, pid, memory: pid.map_or(0, resident), ready }
}

fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
