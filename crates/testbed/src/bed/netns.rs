//! Network namespaces, as far as the bed uses them: run in them, look into them, end what is in them.
//!
//! It knows nothing of what a namespace is for.

use std::{
    fs::{self, File},
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::wait;

/// Where `ip netns` keeps the namespaces.
const MOUNTED: &str = "/var/run/netns";
/// What `ip netns exec` mounts over `/etc`.
const CONFIGURED: &str = "/etc/netns";

/// A command that runs inside the namespace; it may be extended as any other.
pub(super) fn command(netns: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", netns]).arg(program);
    command
}

/// The folder of files that replace those of `/etc` inside the namespace.
pub(super) fn configuration(netns: &str) -> PathBuf {
    Path::new(CONFIGURED).join(netns)
}

/// The file that stands for the namespace.
pub(super) fn path(netns: &str) -> PathBuf {
    Path::new(MOUNTED).join(netns)
}

/// Whether the process is inside the namespace.
pub(super) fn contains(netns: &str, pid: i32) -> bool {
    let namespace = fs::metadata(path(netns));
    let process = fs::metadata(format!("/proc/{pid}/ns/net"));
    matches!((namespace, process), (Ok(namespace), Ok(process)) if namespace.ino() == process.ino())
}

/// Calls `work` on a thread that is inside the namespace. Sockets opened there stay there.
pub(super) fn inside<T: Send>(netns: &str, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    let file = File::open(path(netns)).with_context(|| format!("no network namespace {netns}"))?;
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
                .with_context(|| format!("cannot enter network namespace {netns}"))?;
            Ok(work())
        });
        thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the thread inside {netns} panicked")))
    })
}

/// The status of an HTTP GET from inside the namespace, `None` if there was no answer within a second.
pub(super) fn http_status(netns: &str, url: &str) -> Option<u16> {
    inside(netns, || {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(1)))
            .http_status_as_error(false)
            .proxy(None);
        ureq::Agent::new_with_config(config.build())
            .get(url)
            .call()
            .ok()
            .map(|answer| answer.status().as_u16())
    })
    .ok()
    .flatten()
}

/// The processes inside the namespace.
pub(super) fn processes(netns: &str) -> anyhow::Result<Vec<i32>> {
    let output = Command::new("ip").args(["netns", "pids", netns]).output()?;
    ensure!(output.status.success(), "ip netns pids {netns}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect())
}

/// Ends every process in the namespaces whose names begin with `prefix`, then the namespaces and their files.
/// In this order: a namespace lives on without a name while a process is in it.
pub(super) fn remove_all(prefix: &str) -> anyhow::Result<()> {
    let namespaces = named(MOUNTED, prefix);
    wait::until("the processes of the bed to end", Duration::from_secs(10), || {
        let mut left = 0;
        for netns in &namespaces {
            for pid in processes(netns)? {
                left += 1;
                signal(pid, Signal::KILL)?;
            }
        }
        Ok(left == 0)
    })?;
    for netns in &namespaces {
        let status = Command::new("ip").args(["netns", "delete", netns]).status()?;
        ensure!(status.success(), "cannot delete network namespace {netns}");
    }
    for netns in named(CONFIGURED, prefix) {
        fs::remove_dir_all(configuration(&netns))?;
    }
    Ok(())
}

/// Sends a signal; a process that is gone already is no error.
pub(super) fn signal(pid: i32, signal: Signal) -> anyhow::Result<()> {
    let process = Pid::from_raw(pid).context("there is no process 0")?;
    match kill_process(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot signal process {pid}")),
    }
}

fn named(directory: &str, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect()
}
