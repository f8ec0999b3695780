//! istiod: Istio's control plane, as its own process. Knows nothing of the proxies that will ask it.

use std::{env, fs, process::Command, time::Duration};

use super::{
    handle::Bed,
    netns,
    process::{self, Started},
    wait,
};

const ENVIRONMENT: [(&str, &str); 14] = [
    ("POD_NAME", "istiod-0"),
    ("POD_NAMESPACE", "istio-system"),
    ("CLUSTER_ID", "Kubernetes"),
    ("REVISION", "default"),
    ("CLOUD_PLATFORM", "none"),
    ("PILOT_CERT_PROVIDER", "istiod"),
    ("VALIDATION_WEBHOOK_CONFIG_NAME", "istio-validator-istio-system"),
    ("ENABLE_LEADER_ELECTION", "false"),
    // Filters that only Istio's own build of Envoy knows.
    ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
    ("PILOT_ENABLE_ALPN_FILTER", "false"),
    ("PILOT_DISABLE_MX_ALPN", "true"),
    // The debug pages are read without a certificate.
    ("ENABLE_DEBUG_ENDPOINT_AUTH", "false"),
    ("UNSAFE_ENABLE_ADMIN_ENDPOINTS", "true"),
    ("PILOT_ENABLE_ANALYSIS", "true"),
];

const LIMIT: Duration = Duration::from_mins(1);
const READY: &str = "http://127.0.0.1:8080/ready";

/// Starts istiod. The cluster needs to have the namespace `istio-system`, and soon Istio's manifest.
pub(super) fn start(bed: &Bed) -> anyhow::Result<Started> {
    process::start(&bed.layout, "istiod", command(bed)?)
}

/// Waits until istiod answers, and until the API server asks it about every change.
pub(super) fn wait(bed: &Bed, started: Started) -> anyhow::Result<()> {
    started.until(LIMIT, || Ok(is_ready(bed)))?;
    wait::until_with_log(&bed.layout.log("istiod"), "istiod to check changes of the cluster", LIMIT, || {
        let policies = bed.kubectl(&[
            "get",
            "validatingwebhookconfigurations",
            "--output=jsonpath={.items[*].webhooks[*].failurePolicy}",
        ])?;
        Ok(policies.split_whitespace().all(|policy| policy == "Fail"))
    })
}

/// Whether istiod says of itself that it is ready.
pub(super) fn is_ready(bed: &Bed) -> bool {
    netns::http_status(&bed.layout.control_plane(), READY) == Some(200)
}

fn command(bed: &Bed) -> anyhow::Result<Command> {
    // istiod looks for files relative to the folder it runs in.
    let directory = bed.layout.file("istiod");
    fs::create_dir_all(&directory)?;
    let mut command = netns::command(&bed.layout.control_plane(), &bed.programs.mesh);
    // It finds no file with the mesh's configuration, so that it follows the ConfigMap, as every istiod in a pod does.
    command
        .current_dir(&directory)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", &directory)
        .envs(ENVIRONMENT)
        .envs(&bed.topology.istiod_environment)
        .args(["istiod", "discovery"])
        .arg(format!("--kubeconfig={}", bed.layout.file("kubeconfig/istiod").display()))
        .args([
            "--grpcAddr=:15010",
            "--secureGRPCAddr=:15012",
            "--httpsAddr=:15017",
            "--monitoringAddr=:15014",
        ])
        .args(["--httpAddr=127.0.0.1:8080", "--ctrlz_port=0"])
        .args(["--keepaliveMaxServerConnectionAge=24h", "--shutdownDuration=1s"])
        .args(["--kubernetesApiQPS=200", "--kubernetesApiBurst=400"]);
    Ok(command)
}
