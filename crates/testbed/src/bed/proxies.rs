//! The proxies: in every pod that has one, Istio's agent, which starts and feeds an Envoy.
//!
//! It knows what the kubelet would have mounted into the pod, and nothing of what the proxy is asked to do.

use std::{
    env, fs, os::unix::process::CommandExt as _, path::Path, process::Command, thread, time::Duration,
};

use anyhow::Context as _;
use serde_json::json;

use super::{
    handle::Bed,
    layout::{BedPod, PodKind},
    manifest::TAG,
    netns,
    network::PROXY_GROUP,
    process::{self, Started},
    wait,
};

const LIMIT: Duration = Duration::from_mins(1);
const READY: &str = "http://127.0.0.1:15021/healthz/ready";

/// Starts the proxies of all pods that have one, and waits until each has its first configuration.
pub(super) fn start(bed: &Bed) -> anyhow::Result<()> {
    let authority = mesh_authority(bed)?;
    thread::scope(|scope| {
        let proxies: Vec<_> = bed
            .pods
            .iter()
            .filter(|pod| pod.has_proxy())
            .map(|pod| (pod, scope.spawn(|| start_one(bed, pod, &authority))))
            .collect();
        for (pod, thread) in proxies {
            let started = thread.join().map_err(|_| anyhow::anyhow!("starting a proxy panicked"))??;
            started.until(LIMIT, || Ok(is_ready(bed, pod)))?;
        }
        Ok(())
    })
}

/// Whether the proxy of a pod says of itself that it is ready.
pub(super) fn is_ready(bed: &Bed, pod: &BedPod) -> bool {
    netns::http_status(&bed.layout.pod(&pod.namespace, &pod.name), READY) == Some(200)
}

/// istiod writes its authority into every namespace, as soon as it has one.
fn mesh_authority(bed: &Bed) -> anyhow::Result<String> {
    let mut certificate = String::new();
    let istiod = bed.topology.control_planes.first().context("no istiod")?;
    let namespace = format!("--namespace={}", istiod.namespace);
    wait::until_with_log(
        &bed.layout.log(&istiod.name()),
        "the certificate of istiod's authority",
        LIMIT,
        || {
            certificate = bed.kubectl(&[
                "get",
                "configmap",
                "istio-ca-root-cert",
                &namespace,
                "--ignore-not-found",
                "--output=jsonpath={.data.root-cert\\.pem}",
            ])?;
            Ok(!certificate.is_empty())
        },
    )?;
    Ok(certificate)
}

fn start_one(bed: &Bed, pod: &BedPod, authority: &str) -> anyhow::Result<Started> {
    let directory = bed.layout.file("pods").join(pod.part().replace('/', "_"));
    mount(bed, pod, authority, &directory)
        .with_context(|| format!("cannot write the files of {}", pod.part()))?;
    process::start(&bed.layout, &pod.part(), agent(bed, pod, &directory))
}

/// The files that a kubelet mounts into the proxy's container; the agent finds them relative to its folder.
fn mount(bed: &Bed, pod: &BedPod, authority: &str, directory: &Path) -> anyhow::Result<()> {
    for name in ["var/run/secrets/tokens", "var/run/secrets/istio", "etc/istio/proxy", "etc/istio/pod"] {
        fs::create_dir_all(directory.join(name))?;
    }
    let token = bed.kubectl(&[
        "create",
        "token",
        &pod.service_account,
        &format!("--namespace={}", pod.namespace),
        "--audience=istio-ca",
        "--bound-object-kind=Pod",
        &format!("--bound-object-name={}", pod.name),
        "--duration=48h",
    ])?;
    fs::write(directory.join("var/run/secrets/tokens/istio-token"), token.trim())?;
    fs::write(directory.join("var/run/secrets/istio/root-cert.pem"), authority)?;
    let labels: Vec<_> = pod.labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
    fs::write(directory.join("etc/istio/pod/labels"), labels.join("\n"))?;
    Ok(fs::write(directory.join("etc/istio/pod/annotations"), "")?)
}

fn agent(bed: &Bed, pod: &BedPod, directory: &Path) -> Command {
    let role = if pod.kind == PodKind::Sidecar { "sidecar" } else { "router" };
    let workload = pod.labels.iter().find(|(key, _)| key == "app").map_or(&pod.name, |(_, app)| app);
    let proxy = json!({
        "binaryPath": bed.programs.envoy,
        "concurrency": 1,
        "discoveryAddress": format!("{}:15012", pod.istiod.host()),
        "proxyStatsMatcher": {"inclusionRegexps": [".*"]},
    });
    let mut command = netns::command(&bed.layout.pod(&pod.namespace, &pod.name), &bed.programs.mesh);
    command
        .current_dir(directory)
        .gid(PROXY_GROUP)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("POD_NAME", &pod.name)
        .env("POD_NAMESPACE", &pod.namespace)
        .env("INSTANCE_IP", pod.address.to_string())
        .env("SERVICE_ACCOUNT", &pod.service_account)
        .env("ISTIO_META_CLUSTER_ID", "Kubernetes")
        .env("ISTIO_META_INTERCEPTION_MODE", "REDIRECT")
        .env("ISTIO_META_ISTIO_VERSION", TAG)
        .env("ISTIO_META_MESH_ID", "cluster.local")
        .env("ISTIO_META_NODE_NAME", &pod.node)
        .env("ISTIO_META_WORKLOAD_NAME", workload)
        .env("TRUST_DOMAIN", "cluster.local")
        .env("CLOUD_PLATFORM", "none")
        .env("PILOT_CERT_PROVIDER", "istiod")
        .env("CA_ADDR", format!("{}:15012", pod.istiod.host()))
        .env("ISTIO_BOOTSTRAP", &bed.programs.bootstrap)
        .env("PROXY_CONFIG", proxy.to_string())
        .args(["agent", "proxy", role, "--proxyLogLevel=warning"])
        .arg(format!("--domain={}.svc.cluster.local", pod.namespace));
    command
}
