//! What can be seen of a bed from outside: its files, logs, processes and addresses. Changes nothing, but for pausing
//! an Envoy.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use rustix::process::Signal;
use serde_json::Value;

use super::{ProcessStatus, User, handle::Bed, layout::BedPod, netns, status};

impl Bed {
    /// The kubeconfig of a user; its server can be reached from the network of the control plane.
    pub fn kubeconfig(&self, user: User) -> PathBuf {
        self.layout.file("kubeconfig").join(user.to_string())
    }

    /// Does something on a thread in the network of the control plane, where the API server can be reached.
    ///
    /// # Errors
    /// The bed is not up.
    pub fn in_control_plane<T: Send>(&self, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
        netns::inside(&self.layout.control_plane(), work)
    }

    /// The folder of the bed's `kubectl` and `istioctl`.
    pub fn programs(&self) -> PathBuf {
        self.layout.file("bin")
    }

    /// The address of a pod.
    pub fn pod_address(&self, namespace: &str, pod: &str) -> anyhow::Result<Ipv4Addr> {
        Ok(self.pod(namespace, pod)?.address)
    }

    /// The API server's audit log, a JSON line for each step of a request.
    pub fn audit_log(&self) -> PathBuf {
        self.layout.file("log/audit.jsonl")
    }

    /// What a part has printed.
    pub fn log(&self, part: &str) -> anyhow::Result<String> {
        let log = self.layout.log(part);
        fs::read_to_string(&log).with_context(|| {
            let parts: Vec<_> = self.parts().into_iter().map(|part| part.0).collect();
            format!("no log of {part:?}; the parts are {}", parts.join(", "))
        })
    }

    /// The process of a part, unless it has ended.
    pub fn pid(&self, part: &str) -> anyhow::Result<i32> {
        let (_, netns) = self
            .parts()
            .into_iter()
            .find(|(name, _)| name == part)
            .with_context(|| format!("the bed has no part {part:?}"))?;
        let pid = fs::read_to_string(self.layout.pid_file(part))?.trim().parse()?;
        ensure!(netns::contains(&netns, pid), "{part} has ended");
        Ok(pid)
    }

    /// Sends a signal to the Envoy of a pod, and to nothing else: `Signal::STOP` and `Signal::CONT` make it pause.
    pub fn signal_envoy(&self, namespace: &str, pod: &str, signal: Signal) -> anyhow::Result<()> {
        let pod = self.pod(namespace, pod)?;
        let envoy = self.envoy(pod)?.with_context(|| format!("no Envoy runs in {}", pod.part()))?;
        netns::signal(envoy, signal)
    }

    /// Everything that arrived at the origin, see [`crate::external_services::record::RecordLine`].
    pub fn origin_log(&self) -> &Path {
        &self.external_services.record
    }

    /// The authority of the origin's certificates (PEM).
    pub fn external_ca(&self) -> &Path {
        &self.external_services.authority
    }

    /// The names of the external services, see [`crate::external_services::zone::Zone`]; they may be changed while the bed is up.
    pub fn zone_file(&self) -> &Path {
        &self.external_services.zone
    }

    /// What a proxy has logged about requests, in order.
    pub fn access_log(&self, namespace: &str, pod: &str) -> anyhow::Result<Vec<Value>> {
        let log = self.log(&self.pod(namespace, pod)?.part())?;
        // The agent's own lines are no JSON, and the last line may be unfinished.
        Ok(log.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect())
    }

    /// All parts, and how they are.
    pub fn status(&self) -> anyhow::Result<Vec<ProcessStatus>> {
        status::status(self)
    }

    /// The long-running parts, and the network namespace of each.
    pub(super) fn parts(&self) -> Vec<(String, String)> {
        let control_plane = ["etcd", "kube-apiserver", "kube-controller-manager", "node"]
            .map(|part| (part.to_owned(), self.layout.control_plane()));
        let istiods = self.topology.control_planes.iter().enumerate();
        let istiods = istiods.map(|(index, istiod)| (istiod.name(), self.layout.istiod(index)));
        let external = ("external-services".to_owned(), self.layout.outside());
        let proxies = self.pods.iter().filter(|pod| pod.has_proxy());
        let proxies = proxies.map(|pod| (pod.part(), self.layout.pod(&pod.namespace, &pod.name)));
        control_plane.into_iter().chain(istiods).chain([external]).chain(proxies).collect()
    }

    /// The Envoy of a pod, as far as one runs.
    pub(super) fn envoy(&self, pod: &BedPod) -> anyhow::Result<Option<i32>> {
        let processes = netns::processes(&self.layout.pod(&pod.namespace, &pod.name))?;
        let is_envoy = |pid: &i32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == self.programs.envoy)
        };
        Ok(processes.into_iter().find(is_envoy))
    }
}
