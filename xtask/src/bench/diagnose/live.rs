//! Time for 10,000 hosts on a cluster, beside `kubectl get` of the same kinds: to the first line, and to the end.

use std::{
    fmt::Write as _,
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use egress_core::intent::Layout;

use super::{crowd, ours};
use crate::{
    bed::{Bed, Topology},
    terminal, workspace,
};

const HOSTS: u32 = 10_000;
/// Writers side by side: more do not make the API server of a bed quicker.
const WRITERS: u32 = 8;
const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
                     destinationrules.networking.istio.io,gateways.networking.istio.io,\
                     sidecars.networking.istio.io,services,pods,nodes,namespaces";

/// One run, seen from outside.
#[derive(Clone, Copy)]
struct Seen {
    first: Duration,
    end: Duration,
}

/// Fills a bed and measures both programs.
pub(super) fn table(plugin: &Path, runs: usize) -> anyhow::Result<String> {
    let bed = Bed::up("benchdiagnose", &Topology::standard()?)?.guard();
    fill(&bed)?;
    let diagnose = median(
        || {
            // A person sees that it works; without a terminal it is silent until it has something to say.
            let mut command = bed.command("script");
            command.args(["-qec", &format!("{} diagnose -A", plugin.display()), "/dev/null"]);
            command
        },
        ours::CODES,
        runs,
    )?;
    let get = |output: &'static [&'static str]| {
        median(
            || {
                let mut command = bed.command("kubectl");
                command.args(["get", KINDS, "-A"]).args(output);
                command
            },
            &[0],
            runs,
        )
    };
    let (wide, json) = (get(&[])?, get(&["-o", "json"])?);
    let mut text = format!(
        "{HOSTS} hosts in the shared layout, on a cluster:\n\n| | first line | end | of kubectl |\n|---|---:|---:|---:|\n"
    );
    let rows =
        [("kubectl get", wide), ("kubectl get -o json", json), ("kubectl egress diagnose -A", diagnose)];
    for (name, seen) in rows {
        let share = seen.end.as_secs_f64() / wide.end.as_secs_f64();
        let [first, end] = [seen.first, seen.end].map(|time| format!("{:.2} s", time.as_secs_f64()));
        let _ = writeln!(text, "| `{name}` | {first} | {end} | {share:.2} times |");
    }
    Ok(text)
}

/// Writes the objects of the hosts.
fn fill(bed: &Bed) -> anyhow::Result<()> {
    terminal::progress(format_args!("writing the objects of {HOSTS} hosts …"));
    let folder = workspace::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    bed.kubectl(&["create", "namespace", crowd::NAMESPACE])?;
    let mut writers: Vec<Child> = Vec::new();
    for writer in 0..WRITERS {
        let numbers = (writer..HOSTS).step_by(usize::try_from(WRITERS)?);
        let file = folder.join(format!("live-{writer}.yaml"));
        crowd::manifest(numbers.map(|number| crowd::host(Layout::Shared, number, HOSTS)), &file)?;
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

fn median(command: impl Fn() -> Command, codes: &[i32], runs: usize) -> anyhow::Result<Seen> {
    // The first run warms the caches of the API server.
    watch(&mut command(), codes)?;
    let mut seen: Vec<Seen> =
        (0..runs.max(1)).map(|_| watch(&mut command(), codes)).collect::<anyhow::Result<_>>()?;
    seen.sort_unstable_by_key(|seen| seen.end);
    let end = seen.get(seen.len() / 2).map(|seen| seen.end);
    seen.sort_unstable_by_key(|seen| seen.first);
    let first = seen.get(seen.len() / 2).map(|seen| seen.first);
    Ok(Seen { first: first.unwrap_or_default(), end: end.unwrap_or_default() })
}

/// Runs a command and notes when it says its first word, on either stream.
fn watch(command: &mut Command, codes: &[i32]) -> anyhow::Result<Seen> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("running {command:?}"))?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("{command:?} has no streams")
    };
    let (sender, receiver) = mpsc::channel();
    let readers = [listen(out, sender.clone()), listen(err, sender)];
    let first = receiver.recv().map(|at| at - start).unwrap_or_default();
    let status = child.wait()?;
    let end = start.elapsed();
    for reader in readers {
        ensure!(reader.join().is_ok(), "a reader of {command:?} stopped");
    }
    let known = status.code().is_some_and(|code| codes.contains(&code));
    ensure!(known, "{command:?} ended with {status}");
    Ok(Seen { first, end })
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
            let seen = watch(Command::new("sh").args(["-c", &script]), &[0]).unwrap();
            assert!(seen.first + Duration::from_millis(200) <= seen.end, "stream {stream}");
        }
    }
}
