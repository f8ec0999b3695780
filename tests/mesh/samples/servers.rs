//! Servers in pods of the mesh, which write down what arrives: one behind a sidecar, one without.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use testbed::external_services::{
    Config,
    record::{self, RecordLine},
};

use super::super::harness::{BARE, BILLING, Mesh, Pod};

/// Servers that run until this is dropped.
#[derive(Debug)]
pub(super) struct PodServers(Vec<PodServer>);

#[derive(Debug)]
struct PodServer {
    pod: Pod,
    child: Child,
    config: Config,
    _folder: TempDir,
}

/// What has arrived at a pod.
#[derive(Debug)]
pub(super) struct ArrivedAtPod {
    pub(super) pod: Pod,
    pub(super) lines: Vec<RecordLine>,
}

impl PodServers {
    /// Starts them: HTTP on 8080 and TLS on 8443.
    pub(super) fn start(mesh: &Mesh) -> anyhow::Result<Self> {
        [BILLING, BARE].into_iter().map(|pod| PodServer::start(mesh, pod)).collect::<Result<_, _>>().map(Self)
    }

    /// Everything that has arrived so far, pod by pod.
    pub(super) fn arrived(&self) -> anyhow::Result<Vec<ArrivedAtPod>> {
        let arrived = |server: &PodServer| {
            Ok(ArrivedAtPod { pod: server.pod, lines: record::read_entries(&server.config.record)? })
        };
        self.0.iter().map(arrived).collect()
    }
}

impl PodServer {
    fn start(mesh: &Mesh, pod: Pod) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = mesh.address(pod)?;
        let config = Config {
            origin: address,
            http: vec![8080],
            https: vec![8443],
            echo: Vec::new(),
            greeting: Vec::new(),
            dns: (address, 5353).into(),
            zone: mesh.bed().zone_file().to_owned(),
            ..Config::in_directory(folder.path())
        };
        let file = folder.path().join("config.json");
        fs::write(&file, serde_json::to_string(&config)?)?;
        let mut command = mesh.bed().external_services(pod.namespace, pod.name, &file)?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().context("no stdout")?).read_line(&mut said)?;
        let server = Self { pod, child, config, _folder: folder };
        ensure!(said.trim() == "ready", "the server in {pod} said {said:?}");
        Ok(server)
    }
}

impl Drop for PodServer {
    fn drop(&mut self) {
        // It has ended already, or does now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
