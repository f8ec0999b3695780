//! Commands on a bed: as a user of the cluster, or as an application in a pod. Knows nothing of what they do.

use std::{
    env,
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use super::{User, handle::Bed, netns, outside};

impl Bed {
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

    /// `xtask external-services` in the network of a pod, with the configuration in a file.
    ///
    /// # Errors
    /// The bed has no such pod, or the program is missing.
    pub fn external_services(&self, namespace: &str, pod: &str, config: &Path) -> anyhow::Result<Command> {
        let mut command = self.exec_in_pod(namespace, pod, outside::executable()?)?;
        command.args(["external-services", "--config"]).arg(config);
        Ok(command)
    }

    /// `xtask load` in the network of a pod, still without its options, see [`crate::load::Options`].
    pub fn load(&self, namespace: &str, pod: &str) -> anyhow::Result<Command> {
        let mut command = self.exec_in_pod(namespace, pod, outside::executable()?)?;
        command.arg("load");
        Ok(command)
    }
}
