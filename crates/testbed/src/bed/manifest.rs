//! Istio's own installation manifest for a topology, as `istioctl` generates it.
//!
//! Its Deployments never run a pod here; Services, webhooks, roles and the mesh's configuration are used as they are.

use std::{fs, process::Command};

use anyhow::ensure;
use serde_json::{Value, json};

use super::{
    handle::Bed,
    topology::{BedControlPlane, OutboundTrafficPolicy, Topology},
};

/// Where the images of the pods would come from. Nothing is pulled; `istioctl` and the plugin read the version here.
pub(super) const HUB: &str = "docker.io/istio";
/// The version of the images: the release that the sources in `tests/bed/cluster` became.
pub(super) const TAG: &str = "1.31.0";

/// The name of an istiod's manifest in the bed's folder.
pub(super) fn file(istiod: &BedControlPlane) -> String {
    format!("{}.yaml", istiod.named("istio"))
}

/// Writes the manifests.
pub(super) fn generate(bed: &Bed) -> anyhow::Result<()> {
    bed.topology.control_planes.iter().try_for_each(|istiod| generate_one(bed, istiod))
}

fn generate_one(bed: &Bed, istiod: &BedControlPlane) -> anyhow::Result<()> {
    let wanted = bed.layout.file(&format!("{}-operator.json", istiod.named("istio")));
    fs::write(&wanted, installation(&bed.topology, istiod).to_string())?;
    let output = Command::new(&bed.programs.mesh)
        .args(["istioctl", "manifest", "generate", "--filename"])
        .arg(&wanted)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "istioctl: {}{text}", String::from_utf8_lossy(&output.stderr));
    // Istio's programs write warnings on stdout, each after a time stamp.
    let manifest: String = text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    Ok(fs::write(bed.layout.file(&file(istiod)), manifest)?)
}

fn installation(topology: &Topology, istiod: &BedControlPlane) -> Value {
    let first = topology.control_planes.first();
    let of_first = topology.gateways.iter().filter(|_| first == Some(istiod));
    let gateways: Vec<_> = of_first
        .map(|gateway| {
            let mut component = json!({
                "name": gateway.name,
                "namespace": gateway.namespace,
                "label": gateway.labels(),
                "enabled": true,
            });
            if let Some(ports) = &gateway.ports {
                component["k8s"] = json!({"service": {"ports": ports}});
            }
            component
        })
        .collect();
    let default_revision = first.map(|first| first.revision.as_str());
    let revision = if istiod.is_default() { "" } else { &istiod.revision };
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {
            "profile": "default",
            "revision": revision,
            "components": {
                "egressGateways": gateways,
                "ingressGateways": [{"name": "istio-ingressgateway", "enabled": false}],
            },
            // Telemetry would add filters to the proxies that only Istio's own build of Envoy has. A default revision is
            // what `istioctl install` leaves behind: istiod checks every object before it is stored.
            "values": {
                "defaultRevision": default_revision,
                "telemetry": {"enabled": false},
                "pilot": {"autoscaleEnabled": false},
                "global": {"hub": HUB, "tag": TAG, "istioNamespace": istiod.namespace},
            },
            "meshConfig": mesh(topology.outbound_traffic_policy, istiod),
        },
    })
}

/// A line of the access log; `downstream_peer` is what mutual TLS proved of the caller.
fn access_log() -> String {
    json!({
        "start_time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "authority": "%REQ(:AUTHORITY)%",
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "protocol": "%PROTOCOL%",
        "response_code": "%RESPONSE_CODE%",
        "response_code_details": "%RESPONSE_CODE_DETAILS%",
        "response_flags": "%RESPONSE_FLAGS%",
        "route_name": "%ROUTE_NAME%",
        "requested_server_name": "%REQUESTED_SERVER_NAME%",
        "downstream_peer": "%DOWNSTREAM_PEER_URI_SAN%",
        "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
        "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
        "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
        "upstream_host": "%UPSTREAM_HOST%",
        "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
        "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "duration": "%DURATION%",
    })
    .to_string()
}

fn mesh(mode: OutboundTrafficPolicy, istiod: &BedControlPlane) -> Value {
    json!({
        "accessLogFile": "/dev/stdout",
        "accessLogEncoding": "JSON",
        "accessLogFormat": access_log(),
        "enableTracing": false,
        "defaultProviders": {},
        "ingressControllerMode": "OFF",
        "outboundTrafficPolicy": {"mode": mode},
        "defaultConfig": {
            "discoveryAddress": format!("{}:15012", istiod.host()),
            "proxyStatsMatcher": {"inclusionRegexps": [".*"]},
        },
    })
}
