//! Time and memory for many hosts on a cluster, beside `kubectl get` of the same kinds.

use std::{
    fmt::Write as _,
    fs,
    io::Read,
    ops::Range,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use egress_core::intent::Layout;
use testbed::bed::{Bed, Topology};

use super::{
    cost::{self, Cost, megabytes, seconds},
    kubectl_egress, synthetic_mesh,
};
use crate::{terminal, workspace};

/// How many hosts, each ten times the ones before it.
const HOSTS: [u32; 3] = [100, 1_000, MOST];
const MOST: u32 = 10_000;
/// Writers side by side: more do not make the API server of a bed quicker.
const WRITERS: u32 = 8;
const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
                     destinationrules.networking.istio.io,gateways.networking.istio.io,\
                     sidecars.networking.istio.io,services,pods,nodes,namespaces";

/// Fills beds and measures both programs.
pub(super) fn table(plugin: &Path, runs: usize) -> anyhow::Result<String> {
    let mut text = "\
| layout | hosts | kubectl egress | first line | processor | memory | ten times the hosts | kubectl get | memory | of kubectl |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
"
    .to_owned();
    for layout in [Layout::Shared, Layout::Documented] {
        let bed = Bed::up("benchdiagnose", &Topology::standard()?)?.guard();
        bed.kubectl(&["create", "namespace", synthetic_mesh::NAMESPACE])?;
        let mut there = 0;
        let mut before: Option<Cost> = None;
        for hosts in HOSTS {
            fill(&bed, layout, there..hosts)?;
            there = hosts;
            terminal::progress(format_args!("{hosts} hosts, {layout} layout …"));
            let mut diagnose = bed.command(plugin);
            let own = warmed(diagnose.args(["diagnose", "-A"]), kubectl_egress::CODES, runs)?;
            let mut get = bed.command("kubectl");
            let peer = warmed(get.args(["get", KINDS, "-A"]), &[0], runs)?;
            // A person sees that it works; without a terminal it is silent until it has something to say.
            let mut seen = bed.command("script");
            seen.args(["-qec", &format!("{} diagnose -A", plugin.display()), "/dev/null"]);
            let first = first_word(&mut seen, kubectl_egress::CODES)?;
            let growth = before.map(|before| own.processor.as_secs_f64() / before.processor.as_secs_f64());
            let _ = writeln!(
                text,
                "| {layout} | {hosts} | {} | {} | {} | {} | {} | {} | {} | {:.2} times |",
                seconds(own.wall),
                seconds(first),
                seconds(own.processor),
                megabytes(own.memory),
                growth.map(|growth| format!("{growth:.2} times")).unwrap_or_default(),
                seconds(peer.wall),
                megabytes(peer.memory),
                own.wall.as_secs_f64() / peer.wall.as_secs_f64(),
            );
            before = Some(own);
        }
    }
    Ok(text)
}

/// Writes the objects of hosts, those that are there already left out.
fn fill(bed: &Bed, layout: Layout, hosts: Range<u32>) -> anyhow::Result<()> {
    terminal::progress(format_args!("writing the objects of hosts up to {} …", hosts.end));
    let folder = workspace::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut writers: Vec<Child> = Vec::new();
    for writer in 0..WRITERS {
        let numbers = (hosts.start + writer..hosts.end).step_by(usize::try_from(WRITERS)?);
        let file = folder.join(format!("live-{writer}.yaml"));
        synthetic_mesh::manifest(numbers.map(|number| synthetic_mesh::host(layout, number, MOST)), &file)?;
        let mut command = bed.command("kubectl");
        command.args(["create", "-f"]).arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
        writers.push(command.spawn().with_context(|| format!("running {command:?}"))?);
    }
    // All are waited for, also where one fails.
    let ended: Vec<_> = writers.into_iter().map(|mut writer| writer.wait()).collect();
    for status in ended {
        ensure!(status?.success(), "kubectl did not write all objects");
    }
    Ok(())
}

/// What a command costs when the caches of the API server are warm.
fn warmed(command: &mut Command, codes: &[i32], runs: usize) -> anyhow::Result<Cost> {
    cost::median(command, codes, 1)?;
    cost::median(command, codes, runs)
}

/// Runs a command to its end. How long it took until it said its first word, on either stream.
fn first_word(command: &mut Command, codes: &[i32]) -> anyhow::Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("running {command:?}"))?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("{command:?} has no streams")
    };
    let (sender, receiver) = mpsc::channel();
    let readers = [listen(out, sender.clone()), listen(err, sender)];
    let first = receiver.recv().map(|at| at - start);
    let status = child.wait()?;
    for reader in readers {
        ensure!(reader.join().is_ok(), "a reader of {command:?} stopped");
    }
    let known = status.code().is_some_and(|code| codes.contains(&code));
    ensure!(known, "{command:?} ended with {status}");
    first.with_context(|| format!("{command:?} said nothing"))
}

/// Reads a stream to its end and tells when its first byte came.
fn listen(mut stream: impl Read + Send + 'static, first: mpsc::Sender<Instant>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        let mut first = Some(first);
        while let Ok(1..) = stream.read(&mut buffer) {
            if let Some(first) = first.take() {
                // Nobody listens any more once the other stream has spoken.
                let _ = first.send(Instant::now());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_counts_on_either_stream() {
        for stream in ["1", "2"] {
            let script = format!("echo word >&{stream}; sleep 0.3");
            let start = Instant::now();
            let first = first_word(Command::new("sh").args(["-c", &script]), &[0]).unwrap();
            assert!(first + Duration::from_millis(200) <= start.elapsed(), "stream {stream}");
        }
        assert!(first_word(&mut Command::new("true"), &[0]).is_err(), "a silent command has no first word");
    }
}
