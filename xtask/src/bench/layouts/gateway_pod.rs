//! A pod of the gateway goes away and comes back while a host is called, and what that costs.
//!
//! The bed has no kubelet and no DNS of a cluster: the pod's condition is written by hand, and the name of the gateway's
//! Service follows its EndpointSlices, as that DNS would. Knows nothing of how callers find the pods.

use std::{thread, time::Duration};

use serde_json::{Value, json};
use testbed::{
    bed::{Bed, Signal},
    load::Sample,
};

use super::{
    calls::{Calls, Gateways, now_ms, urls},
    lost::{self, Lost},
    wait, zone,
};
use crate::terminal;

/// Where the gateway is.
pub(super) const NAMESPACE: &str = "istio-system";
/// Its pods; the second one goes.
pub(super) const NAMES: [&str; 2] = ["istio-egressgateway-0", "istio-egressgateway-1"];

const SERVICE: &str = "istio-egressgateway";
const GOES: &str = NAMES[1];
/// Requests a second, half of them HTTP and half TLS.
const RATE: u32 = 100;
/// How long the pod is away, and how long its return is watched. A gateway drains as long, unless it is told otherwise.
const PHASE: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(30);

/// How a pod goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// It is no longer ready, and answers as long as it drains: a rollout.
    Drains,
    /// It is no longer ready, and answers nothing from that moment on: a node that is lost and noticed at once.
    Stops,
}

/// Lets the pod go and come back, and counts the requests from that moment on.
pub(super) fn goes_and_returns(
    bed: &Bed,
    gateways: &Gateways,
    host: &str,
    leaves: Leaves,
) -> anyhow::Result<Lost> {
    let calls = Calls::start(bed, &urls(host), RATE)?;
    thread::sleep(PHASE);
    let start = now_ms();
    set_ready(bed, false)?;
    if leaves == Leaves::Drains {
        follow(bed, 1)?;
        thread::sleep(PHASE);
        bed.signal_envoy(NAMESPACE, GOES, Signal::STOP)?;
    } else {
        bed.signal_envoy(NAMESPACE, GOES, Signal::STOP)?;
        follow(bed, 1)?;
    }
    thread::sleep(PHASE);
    bed.signal_envoy(NAMESPACE, GOES, Signal::CONT)?;
    set_ready(bed, true)?;
    follow(bed, NAMES.len())?;
    thread::sleep(PHASE);
    let (samples, carried) = (calls.end()?, |sample: &Sample| gateways.carried(sample));
    for words in lost::told(&samples, start, carried) {
        terminal::progress(words);
    }
    Ok(Lost::since(&samples, start, carried))
}

/// Writes the condition of the pod, as its kubelet would.
fn set_ready(bed: &Bed, ready: bool) -> anyhow::Result<()> {
    let status = if ready { "True" } else { "False" };
    let patch = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}}).to_string();
    let pod = ["patch", "pod", GOES, "--namespace", NAMESPACE, "--subresource=status", "--patch", &patch];
    bed.kubectl(&pod).map(drop)
}

/// Waits until so many pods of the Service are ready, and gives its name their addresses.
fn follow(bed: &Bed, pods: usize) -> anyhow::Result<()> {
    let label = format!("--selector=kubernetes.io/service-name={SERVICE}");
    let get = ["get", "endpointslices", "--namespace", NAMESPACE, &label, "--output=json"];
    let ready = wait::until("the EndpointSlices of the gateway to change", LIMIT, || {
        let ready = ready_addresses(&serde_json::from_str(&bed.kubectl(&get)?)?);
        Ok((ready.len() == pods).then_some(ready))
    })?;
    let addresses = ready.iter().map(|address| address.parse()).collect::<Result<_, _>>()?;
    zone::lead_to(bed, addresses)
}

/// The addresses of ready pods in a list of EndpointSlices.
fn ready_addresses(slices: &Value) -> Vec<String> {
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let endpoints = listed(&slices["items"]).into_iter().flat_map(|slice| listed(&slice["endpoints"]));
    let ready = endpoints.filter(|endpoint| endpoint["conditions"]["ready"] == true);
    let addresses = ready.flat_map(|endpoint| listed(&endpoint["addresses"]));
    addresses.filter_map(|address| address.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ready_pods_count() {
        let slices = json!({"items": [{"endpoints": [
            {"addresses": ["192.0.2.20"], "conditions": {"ready": true}},
            {"addresses": ["192.0.2.21"], "conditions": {"ready": false}},
        ]}]});

        assert_eq!(ready_addresses(&slices), ["192.0.2.20"]);
        assert!(ready_addresses(&json!({"items": []})).is_empty());
    }
}
