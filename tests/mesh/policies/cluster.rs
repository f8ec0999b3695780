//! What tests of policies change in the cluster, and put back when they are done.

use std::fs;

use anyhow::Context as _;
use serde_json::{Value, json};
use xtask::plugins;

use crate::harness::{Configured, Directory, Mesh, Pod, configuration};

const MODULE: &str = "infra_nodes.wasm";
const NAMESPACE: &str = "istio-system";

/// The plugin `infra-nodes` as the cluster's policy, rolled out as the documentation has it.
pub(super) struct RolledOut<'a> {
    directory: Directory,
    configured: Configured<'a>,
}

/// A cluster where nobody but administrators may read the policies; everybody may again when this is dropped.
pub(super) struct NoReader<'a> {
    mesh: &'a Mesh,
    binding: String,
}

/// A pod on another node; it goes back when this is dropped.
pub(super) struct Moved<'a> {
    mesh: &'a Mesh,
    pod: Pod,
    home: Value,
}

impl<'a> RolledOut<'a> {
    /// The module is locked where its configuration lies.
    pub(super) fn infra_nodes(mesh: &'a Mesh) -> anyhow::Result<Self> {
        let built = plugins::build()?.into_iter().find(|plugin| plugin.name == "infra-nodes");
        let directory = Directory::new(&configuration(&format!(
            "- name: infra-nodes\n  source: configmap://kubectl-egress-policy/{MODULE}\n  \
             settings: {{catalogue: {{cnn: {{host: edition.cnn.com}}}}}}"
        )))?;
        directory.write(MODULE, fs::read(built.context("no infra-nodes")?.path)?)?;
        directory.lock(mesh)?;
        let configured = directory.roll_out(mesh)?;
        Ok(RolledOut { directory, configured })
    }

    /// Puts another module in the place of the one that is locked.
    pub(super) fn tamper(&self) -> anyhow::Result<()> {
        // It begins like a module, and is not text.
        self.directory.write(MODULE, b"\0asm\xff")?;
        self.configured.put(&self.directory)
    }
}

impl<'a> NoReader<'a> {
    /// Takes the right away.
    pub(super) fn new(mesh: &'a Mesh) -> anyhow::Result<Self> {
        let binding = ["rolebinding", "egress-policy-reader", "--namespace", NAMESPACE];
        let stored = mesh.bed().kubectl(&[&["get"], &binding[..], &["--output=json"]].concat())?;
        let mut stored: Value = serde_json::from_str(&stored)?;
        stored["metadata"] = json!({"name": "egress-policy-reader", "namespace": NAMESPACE});
        mesh.bed().kubectl(&[&["delete"], &binding[..]].concat())?;
        Ok(NoReader { mesh, binding: stored.to_string() })
    }
}

impl Drop for NoReader<'_> {
    fn drop(&mut self) {
        let _ = self.mesh.apply(&self.binding);
    }
}

impl<'a> Moved<'a> {
    /// Moves a pod, as a scheduler would: it is another object with the same name.
    pub(super) fn new(mesh: &'a Mesh, pod: Pod, node: &str) -> anyhow::Result<Self> {
        let text = mesh.bed().kubectl(&["get", "pod", pod.name, "-n", pod.namespace, "--output=json"])?;
        let home: Value = serde_json::from_str(&text)?;
        let moved = Moved { mesh, pod, home };
        moved.put(node)?;
        Ok(moved)
    }

    /// Moves it back.
    pub(super) fn back(self) -> anyhow::Result<()> {
        let node = self.home["spec"]["nodeName"].as_str().context("a pod without a node")?;
        self.put(node)
    }

    fn put(&self, node: &str) -> anyhow::Result<()> {
        let Pod { name, namespace } = self.pod;
        let mut pod = self.home.clone();
        let status = json!({"status": pod["status"].take()}).to_string();
        let metadata = &self.home["metadata"];
        pod["metadata"] = json!({
            "name": name,
            "namespace": namespace,
            "labels": metadata["labels"],
            "annotations": metadata["annotations"],
        });
        pod["spec"]["nodeName"] = json!(node);
        let bed = self.mesh.bed();
        bed.kubectl(&["delete", "pod", name, "-n", namespace, "--grace-period=0", "--force"])?;
        bed.kubectl_with_input(&["create", "--filename=-"], &pod.to_string())?;
        let patch = ["patch", "pod", name, "-n", namespace, "--subresource=status", "--patch", &status];
        bed.kubectl(&patch).map(drop)
    }
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        let at_home = || -> anyhow::Result<bool> {
            let Pod { name, namespace } = self.pod;
            let text = self.mesh.bed().kubectl(&["get", "pod", name, "-n", namespace, "--output=json"])?;
            let now: Value = serde_json::from_str(&text)?;
            Ok(now["spec"]["nodeName"] == self.home["spec"]["nodeName"])
        };
        if !at_home().unwrap_or(false)
            && let Some(node) = self.home["spec"]["nodeName"].as_str()
        {
            let _ = self.put(node);
        }
    }
}
