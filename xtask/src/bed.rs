//! The bed: a real Kubernetes, istiod and Envoys on this machine, in network namespaces instead of containers.
//!
//! [`Bed::up`] makes one, [`Bed::open`] finds it again from another process, [`Bed::down`] leaves nothing of it. Beds
//! of different names live side by side. Everything a test wants to do to a bed is a method here; how the parts work
//! is in the modules below. It knows nothing of the plugin.

mod cache;
mod certificates;
pub mod command_line;
mod digest;
mod envoy;
mod istiod;
mod kubernetes;
mod layout;
mod manifest;
mod netns;
mod network;
mod node;
mod objects;
mod outside;
mod prerequisites;
mod process;
mod programs;
mod proxies;
mod start;
mod status;
mod topology;
mod users;
mod wait;

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Write as _,
    net::Ipv4Addr,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
pub use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    layout::{Layout, Pod},
    programs::Programs,
};
pub use self::{
    status::Part,
    topology::{Client, Gateway, GatewayPod, Node, OutboundTrafficPolicy, Taint, Topology},
    users::User,
};
use crate::{terminal, world};

/// A running bed.
#[derive(Debug)]
pub struct Bed {
    layout: Layout,
    topology: Topology,
    pods: Vec<Pod>,
    programs: Programs,
    world: world::Config,
}

/// A bed that goes down when it is dropped.
#[derive(Debug)]
pub struct Guard(Bed);

/// What another process needs to know of a bed.
#[derive(Serialize, Deserialize)]
struct Record {
    topology: Topology,
    programs: Programs,
}

impl Bed {
    /// Makes a bed and waits until all of it is ready. What is left of a bed of this name is removed before.
    pub fn up(name: &str, topology: &Topology) -> anyhow::Result<Self> {
        let layout = layout(name)?;
        prerequisites::check()?;
        let programs = programs::prepare()?;
        let bed = Self::new(layout, Record { topology: topology.clone(), programs })?;
        bed.down()?;
        if let Err(error) = start::start(&bed) {
            netns::remove_all(&bed.layout.netns_prefix())?;
            let logs = bed.layout.file("log");
            return Err(
                error.context(format!("bed {name} did not come up; its logs are in {}", logs.display()))
            );
        }
        Ok(bed)
    }

    /// Finds a bed that is up.
    pub fn open(name: &str) -> anyhow::Result<Self> {
        let layout = layout(name)?;
        let record = fs::read_to_string(layout.file("bed.json"))
            .ok()
            .filter(|_| netns::path(&layout.control_plane()).exists())
            .with_context(|| format!("no bed {name} is up: cargo xtask bed up --name {name}"))?;
        prerequisites::root()?;
        Self::new(layout, serde_json::from_str(&record)?)
    }

    /// Ends every process of the bed and removes its namespaces, links and files.
    pub fn down(&self) -> anyhow::Result<()> {
        remove(&self.layout)
    }

    /// Ties the bed to a value: it goes down when that is dropped, however a test ends.
    pub fn guard(self) -> Guard {
        Guard(self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.layout.name()
    }

    /// A command in the network of the control plane, as `admin`, with the bed's `kubectl` and `istioctl` in front of
    /// all others.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.command_as(User::Admin, program)
    }

    /// As [`Bed::command`], as somebody else.
    pub fn command_as(&self, user: User, program: impl AsRef<OsStr>) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = [self.programs()].into_iter().chain(env::split_paths(&path));
        let mut command = netns::command(&self.layout.control_plane(), program);
        command.env("KUBECONFIG", self.kubeconfig(user)).env("PATH", env::join_paths(paths).unwrap_or(path));
        command
    }

    /// Runs `kubectl` as `admin` and returns what it printed.
    pub fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.kubectl_with_input(arguments, "")
    }

    /// As [`Bed::kubectl`], with something on standard input, for `--filename=-`.
    pub fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = self.command("kubectl");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start kubectl")?;
        // It may end without having read all of it: what it says then is the better error.
        let _ = child.stdin.take().context("no standard input")?.write_all(input.as_bytes());
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The kubeconfig of a user; its server can be reached from the network of the control plane.
    pub fn kubeconfig(&self, user: User) -> PathBuf {
        self.layout.file("kubeconfig").join(user.to_string())
    }

    /// The folder of the bed's `kubectl` and `istioctl`.
    pub fn programs(&self) -> PathBuf {
        self.layout.file("bin")
    }

    /// A command in the network of a pod, as its application would run it.
    pub fn exec_in_pod(
        &self,
        namespace: &str,
        pod: &str,
        program: impl AsRef<OsStr>,
    ) -> anyhow::Result<Command> {
        let pod = self.pod(namespace, pod)?;
        Ok(netns::command(&self.layout.pod(&pod.namespace, &pod.name), program))
    }

    /// `xtask load` in the network of a pod, still without its options, see [`crate::load::Options`].
    pub fn load(&self, namespace: &str, pod: &str) -> anyhow::Result<Command> {
        let mut command = self.exec_in_pod(namespace, pod, outside::executable()?)?;
        command.arg("load");
        Ok(command)
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

    /// Everything that arrived at the origin, see [`world::record::Entry`].
    pub fn origin_log(&self) -> &Path {
        &self.world.record
    }

    /// The authority of the origin's certificates (PEM).
    pub fn world_ca(&self) -> &Path {
        &self.world.authority
    }

    /// The names of the world outside, see [`world::zone::Zone`]; they may be changed while the bed is up.
    pub fn zone_file(&self) -> &Path {
        &self.world.zone
    }

    /// What a proxy has logged about requests, in order.
    pub fn access_log(&self, namespace: &str, pod: &str) -> anyhow::Result<Vec<Value>> {
        let log = self.log(&self.pod(namespace, pod)?.part())?;
        // The agent's own lines are no JSON, and the last line may be unfinished.
        Ok(log.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect())
    }

    /// All parts, and how they are.
    pub fn status(&self) -> anyhow::Result<Vec<Part>> {
        status::status(self)
    }

    fn new(layout: Layout, record: Record) -> anyhow::Result<Self> {
        let world = world::Config::in_directory(layout.directory());
        let pods = layout::pods(&record.topology)?;
        Ok(Self { layout, pods, topology: record.topology, programs: record.programs, world })
    }

    fn pod(&self, namespace: &str, name: &str) -> anyhow::Result<&Pod> {
        let found = self.pods.iter().find(|pod| pod.namespace == namespace && pod.name == name);
        found.with_context(|| format!("the bed has no pod {namespace}/{name}"))
    }

    /// The long-running parts, and the network namespace of each.
    fn parts(&self) -> Vec<(String, String)> {
        let control_plane = ["etcd", "kube-apiserver", "kube-controller-manager", "istiod", "node"]
            .map(|part| (part.to_owned(), self.layout.control_plane()));
        let world = ("world".to_owned(), self.layout.outside());
        let proxies = self.pods.iter().filter(|pod| pod.has_proxy());
        let proxies = proxies.map(|pod| (pod.part(), self.layout.pod(&pod.namespace, &pod.name)));
        control_plane.into_iter().chain([world]).chain(proxies).collect()
    }

    /// The Envoy of a pod, as far as one runs.
    fn envoy(&self, pod: &Pod) -> anyhow::Result<Option<i32>> {
        let processes = netns::processes(&self.layout.pod(&pod.namespace, &pod.name))?;
        let is_envoy = |pid: &i32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == self.programs.envoy)
        };
        Ok(processes.into_iter().find(is_envoy))
    }
}

impl Deref for Guard {
    type Target = Bed;

    fn deref(&self) -> &Bed {
        &self.0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.0.down() {
            terminal::progress(format_args!("bed {} did not go down: {error:#}", self.0.name()));
        }
    }
}

/// What the machine lacks for a bed: the error has a line for each thing, with what to type.
pub fn check() -> anyhow::Result<()> {
    prerequisites::check()
}

/// Builds and downloads the programs of a bed ahead of their first use.
pub fn prepare() -> anyhow::Result<()> {
    programs::prepare().map(drop)
}

fn layout(name: &str) -> anyhow::Result<Layout> {
    Layout::new(name, &cache::directory()?.join("beds"))
}

fn remove(layout: &Layout) -> anyhow::Result<()> {
    prerequisites::root()?;
    netns::remove_all(&layout.netns_prefix())?;
    let directory = layout.directory();
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    Ok(())
}
