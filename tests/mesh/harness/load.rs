//! A load from a pod that goes on while a test changes the mesh, and what became of each of its requests.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::ensure;
use tempfile::TempDir;
use testbed::load::{Sample, read_samples};

use super::{LIMIT, Mesh, Pod, eventually};

/// Requests a second.
const RATE: &str = "100";

/// A load under way. It ends with this value.
#[derive(Debug)]
pub(crate) struct Load {
    child: Child,
    folder: TempDir,
}

/// How requests went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    /// Arrived from a gateway pod.
    pub(crate) through: usize,
    /// Arrived from anywhere else.
    pub(crate) direct: usize,
    /// Refused as a host that is not known is refused.
    pub(crate) refused: usize,
    /// Neither answered nor refused, and how.
    pub(crate) lost: BTreeMap<String, usize>,
}

impl Mesh {
    /// Starts to send to these URLs in turn, as the application of the pod does.
    pub(crate) fn load(&self, pod: Pod, urls: &[&str]) -> anyhow::Result<Load> {
        let folder = tempfile::tempdir()?;
        let mut command = self.bed().load(pod.namespace, pod.name)?;
        command
            .args(["--rate", RATE, "--targets", &urls.join(",")])
            .arg("--ca")
            .arg(self.bed().external_ca());
        command.arg("--out").arg(folder.path().join("samples"));
        command.arg("--until-file").arg(folder.path().join("end"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let load = Load { child, folder };
        load.until_sent(1)?;
        Ok(load)
    }

    /// Counts how requests went.
    pub(crate) fn fates<'a>(&self, samples: impl Iterator<Item = &'a Sample>) -> anyhow::Result<Fates> {
        let mut fates = Fates::default();
        for sample in samples {
            let refused = match (sample.status, &sample.error) {
                (Some(502), _) => sample.target.starts_with("http:"),
                (None, Some(error)) => sample.target.starts_with("https:") && is_closed(error),
                _ => false,
            };
            match sample.peer {
                Some(peer) if self.is_gateway(peer)? => fates.through += 1,
                Some(_) => fates.direct += 1,
                None if refused => fates.refused += 1,
                None => *fates.lost.entry(words(sample)).or_default() += 1,
            }
        }
        Ok(fates)
    }
}

impl Load {
    /// Waits until so many more requests have come to an end.
    pub(crate) fn until_sent(&self, more: usize) -> anyhow::Result<()> {
        let count = || anyhow::Ok(fs::read_to_string(self.file()).unwrap_or_default().lines().count());
        let before = count()?;
        eventually("the load to go on", LIMIT, || {
            ensure!(count()? >= before + more, "{} of {more} requests have ended", count()? - before);
            Ok(())
        })
    }

    /// Ends the load and returns every request.
    pub(crate) fn end(mut self) -> anyhow::Result<Vec<Sample>> {
        fs::write(self.folder.path().join("end"), "")?;
        eventually("the load to end", LIMIT, || {
            ensure!(self.child.try_wait()?.is_some(), "its last requests are unanswered");
            Ok(())
        })?;
        read_samples(&self.file())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("samples")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It has ended already, unless its test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Display for Fates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.lost.values().sum::<usize>();
        let Self { through, direct, refused, .. } = self;
        write!(
            formatter,
            "{through} through the gateway, {direct} directly, {refused} refused, {lost} lost"
        )?;
        for (words, count) in &self.lost {
            write!(formatter, " ({count} × {words})")?;
        }
        Ok(())
    }
}

fn is_closed(error: &str) -> bool {
    ["connection reset", "handshake eof"].iter().any(|words| error.contains(words))
}

fn words(sample: &Sample) -> String {
    let scheme = sample.target.split(':').next().unwrap_or_default();
    match (sample.status, &sample.error) {
        (Some(status), _) => format!("{scheme} {status}"),
        (None, error) => format!("{scheme} {}", error.as_deref().unwrap_or("no answer")),
    }
}

/// The clock that the load writes down.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
