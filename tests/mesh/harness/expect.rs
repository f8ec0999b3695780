//! What tests expect of a run of the plugin, and objects that somebody else put into the cluster.

use anyhow::ensure;
use serde_json::{Value, json};
use testbed::bed::User;

use super::{Ended, GATEWAYS, Mark, Mesh};

impl Mesh {
    /// Runs the plugin to its end, as somebody.
    pub(crate) fn plugin_as(&self, user: User, arguments: &[&str]) -> anyhow::Result<Ended> {
        self.start(user, arguments)?.end()
    }

    /// Runs the plugin as somebody: it ends with this code, says each of these words on stderr, and writes nothing.
    pub(crate) fn refuses(
        &self,
        user: User,
        arguments: &[&str],
        code: i32,
        words: &[&str],
    ) -> anyhow::Result<Ended> {
        let mark = self.mark()?;
        let ended = self.plugin_as(user, arguments)?;
        ended.expect(code, words)?;
        self.expect_nothing_written(mark)?;
        Ok(ended)
    }

    /// No object of Istio was written since the mark; rehearsals and what was refused are no writes.
    pub(crate) fn expect_nothing_written(&self, mark: Mark) -> anyhow::Result<()> {
        let written: Vec<_> =
            self.writes_since(mark)?.into_iter().filter(|write| !write.dry_run && write.code < 300).collect();
        ensure!(written.is_empty(), "expected that nothing is written, found {written:#?}");
        Ok(())
    }

    /// Applies objects with kubectl, as somebody else would.
    pub(crate) fn apply(&self, yaml: &str) -> anyhow::Result<()> {
        self.bed().kubectl_with_input(&["apply", "--filename=-"], yaml).map(drop)
    }

    /// Reads one object.
    pub(crate) fn object(&self, kind: &str, name: &str, namespace: &str) -> anyhow::Result<Value> {
        let kind = format!("{kind}.networking.istio.io");
        let text = self.bed().kubectl(&["get", &kind, name, "--namespace", namespace, "--output=json"])?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Deletes one object behind the plugin's back.
    pub(crate) fn delete(&self, kind: &str, name: &str, namespace: &str) -> anyhow::Result<()> {
        let kind = format!("{kind}.networking.istio.io");
        self.bed().kubectl(&["delete", &kind, name, "--namespace", namespace]).map(drop)
    }

    /// Writes the condition Ready of the gateway's pods, as their kubelets would.
    pub(crate) fn set_gateway_ready(&self, ready: bool) -> anyhow::Result<()> {
        let status = if ready { "True" } else { "False" };
        let patch = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}}).to_string();
        GATEWAYS.iter().try_for_each(|pod| {
            let pod = ["patch", "pod", pod.name, "--namespace", pod.namespace];
            let patch = ["--subresource=status", "--patch", &patch];
            self.bed().kubectl(&[&pod[..], &patch].concat()).map(drop)
        })
    }
}

impl Ended {
    /// The run ended with this code and said each of these words on stderr.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) -> anyhow::Result<()> {
        ensure!(self.code == code, "expected exit code {code}, found {}: {}", self.code, self.stderr);
        for words in words {
            ensure!(self.stderr.contains(words), "expected {words:?} on stderr, found {}", self.stderr);
        }
        Ok(())
    }

    /// The result as a document.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.stdout)?)
    }
}
