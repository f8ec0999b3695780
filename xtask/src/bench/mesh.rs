//! What a person waits for on a cluster: one host until it is proven live, and a list of many.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use testbed::bed::Bed;

use super::{
    stopwatch::{Times, time, times},
    table::Comparison,
};
use crate::{terminal, workspace};

const HOST: &str = "edition.cnn.com";
/// Where the many hosts go; nobody lives there, so the lists are measured and not the proxies.
const MANY_HOSTS: &str = "many-hosts";
const KINDS: &str = "serviceentries,virtualservices";

/// Measures the plugin beside kubectl with the same objects.
pub(super) fn measure(bed: &Bed, plugin: &Path, runs: usize, hosts: u32) -> anyhow::Result<Vec<Comparison>> {
    let manifest = objects(bed, plugin, &[HOST.to_owned()], "shop")?;
    let file = manifest.as_os_str();
    let one = Comparison {
        what: "add HOST, four writes, proven at 2 gateway pods and a caller".to_owned(),
        ours: there_and_back(
            runs,
            || bed.command(plugin),
            &["add", HOST, "-n", "shop", "--yes"].map(OsStr::new),
            &["remove", HOST, "-n", "shop", "--yes"].map(OsStr::new),
        )?
        .0,
        peer: "kubectl apply of the same objects, nothing proven".to_owned(),
        theirs: there_and_back(
            runs,
            || bed.command("kubectl"),
            &[OsStr::new("apply"), OsStr::new("-f"), file],
            &[OsStr::new("delete"), OsStr::new("-f"), file],
        )?
        .0,
    };
    fill(bed, plugin, hosts)?;
    let many = Comparison {
        what: format!("list of {hosts} hosts"),
        ours: times(bed.command(plugin).args(["list", "-n", MANY_HOSTS]), runs)?,
        peer: format!("kubectl get {KINDS}"),
        theirs: times(bed.command("kubectl").args(["get", KINDS, "-n", MANY_HOSTS]), runs)?,
    };
    Ok(vec![one, many])
}

/// The times of the way there and of the way back. The first run warms caches and is not counted.
pub(super) fn there_and_back(
    runs: usize,
    command: impl Fn() -> Command,
    there: &[&OsStr],
    back: &[&OsStr],
) -> anyhow::Result<(Times, Times)> {
    let mut taken: Vec<(Duration, Duration)> = Vec::new();
    for _ in 0..=runs {
        taken.push((time(command().args(there))?, time(command().args(back))?));
    }
    let (there, back) = taken.into_iter().skip(1).unzip();
    Ok((Times::of(there), Times::of(back)))
}

/// Writes the objects of many hosts, as fast as kubectl can.
fn fill(bed: &Bed, plugin: &Path, hosts: u32) -> anyhow::Result<()> {
    terminal::progress(format_args!("writing the objects of {hosts} hosts …"));
    let hosts: Vec<_> = (0..hosts).map(|number| format!("host{number}.example.com")).collect();
    let manifest = objects(bed, plugin, &hosts, MANY_HOSTS)?;
    bed.kubectl(&["create", "namespace", MANY_HOSTS])?;
    time(bed.command("kubectl").args(["apply", "--server-side", "-f"]).arg(&manifest))?;
    Ok(())
}

/// A file with the objects that the plugin would write for the hosts. The pair that all hosts of a gateway share is
/// left out: it is there already.
pub(super) fn objects(
    bed: &Bed,
    plugin: &Path,
    hosts: &[String],
    namespace: &str,
) -> anyhow::Result<PathBuf> {
    let mut command = bed.command(plugin);
    command.arg("add").args(hosts).args(["-n", namespace, "--dry-run=client", "-o", "yaml"]);
    let output = command.output().context("running the plugin")?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    let (manifest, own) = (String::from_utf8(output.stdout)?, format!("\n  namespace: {namespace}\n"));
    let objects: Vec<_> = manifest.split("---\n").filter(|object| object.contains(&own)).collect();
    let folder = workspace::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{namespace}.yaml"));
    fs::write(&file, objects.join("---\n"))?;
    Ok(file)
}
