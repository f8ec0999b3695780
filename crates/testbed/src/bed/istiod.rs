//! istiod: Istio's control plane, as its own process. Knows nothing of the proxies that will ask it.

use std::{env, fs, process::Command, time::Duration};

use super::{
    handle::Bed,
    netns,
    process::{self, Started},
    topology::BedControlPlane,
    wait,
};

const ENVIRONMENT: [(&str, &str); 10] = [
    ("CLUSTER_ID", "Kubernetes"),
    ("CLOUD_PLATFORM", "none"),
    ("PILOT_CERT_PROVIDER", "istiod"),
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

/// Starts every istiod. The cluster needs to have their namespaces, and soon Istio's manifests.
pub(super) fn start(bed: &Bed) -> anyhow::Result<Vec<Started>> {
    let istiods = bed.topology.control_planes.iter().enumerate();
    istiods
        .map(|(index, istiod)| {
            process::start(&bed.layout, &istiod.name(), command(bed, &bed.layout.istiod(index), istiod)?)
        })
        .collect()
}

/// Waits until every istiod answers, and until the API server asks about every change.
pub(super) fn wait(bed: &Bed, started: Vec<Started>) -> anyhow::Result<()> {
    for (index, started) in started.into_iter().enumerate() {
        started.until(LIMIT, || Ok(is_ready(bed, index)))?;
    }
    let first = bed.topology.control_planes.first().map(BedControlPlane::name).unwrap_or_default();
    wait::until_with_log(&bed.layout.log(&first), "istiod to check changes of the cluster", LIMIT, || {
        let policies = bed.kubectl(&[
            "get",
            "validatingwebhookconfigurations",
            "--output=jsonpath={.items[*].webhooks[*].failurePolicy}",
        ])?;
        Ok(policies.split_whitespace().all(|policy| policy == "Fail"))
    })
}

/// Whether an istiod, by its place in the topology, says of itself that it is ready.
pub(super) fn is_ready(bed: &Bed, index: usize) -> bool {
    netns::http_status(&bed.layout.istiod(index), READY) == Some(200)
}

fn command(bed: &Bed, netns: &str, istiod: &BedControlPlane) -> anyhow::Result<Command> {
    // istiod looks for files relative to the folder it runs in.
    let directory = bed.layout.file(&istiod.name());
    fs::create_dir_all(&directory)?;
    let webhook = format!("{}-{}", istiod.named("istio-validator"), istiod.namespace);
    let mut command = netns::command(netns, &bed.programs.mesh);
    // It finds no file with the mesh's configuration, so that it follows the ConfigMap, as every istiod in a pod does.
    command
        .current_dir(&directory)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", &directory)
        .envs(ENVIRONMENT)
        .env("POD_NAME", format!("{}-0", istiod.name()))
        .env("POD_NAMESPACE", &istiod.namespace)
        .env("REVISION", &istiod.revision)
        .env("VALIDATION_WEBHOOK_CONFIG_NAME", webhook)
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
