//! Requests of the client pod that go on while the mesh changes, and which of them reached the origin through the gateway.

use std::{
    net::IpAddr,
    process::{Child, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use tempfile::TempDir;
use testbed::{
    bed::Bed,
    external_services::record::{Event, read_entries},
    load::{Sample, Samples},
};

use super::{form, gateway_pod, wait};

/// The URLs of more would not be one argument of the load.
pub(super) const MOST_HOSTS: u32 = 2000;
/// Calls out from the namespace of the callers.
pub(super) const CLIENT: &str = "client";
/// The longest time for the last answers, and for the first.
const LIMIT: Duration = Duration::from_secs(20);

/// A load under way. It ends with this value.
pub(super) struct Calls {
    child: Child,
    folder: TempDir,
    samples: Samples,
}

/// The addresses of the gateway's pods, as the origin sees them.
pub(super) struct Gateways(Vec<IpAddr>);

impl Calls {
    /// Calls these URLs in turn, so many a second, and waits for the first answer or failure.
    pub(super) fn start(bed: &Bed, urls: &[String], rate: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = bed.load(form::NAMESPACE, CLIENT)?;
        command.args(["--rate", &rate.to_string(), "--targets", &joined(urls)]);
        command.arg("--ca").arg(bed.external_ca());
        let file = folder.path().join("samples");
        command.arg("--out").arg(&file);
        command.arg("--until-file").arg(folder.path().join("end"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut calls = Self { child, folder, samples: Samples::of(file) };
        wait::until("a first request", LIMIT, || Ok((!calls.samples()?.is_empty()).then_some(())))?;
        Ok(calls)
    }

    /// The requests that have come to an end.
    pub(super) fn samples(&mut self) -> anyhow::Result<&[Sample]> {
        self.samples.read()
    }

    /// Sends no more, and returns every request.
    pub(super) fn end(mut self) -> anyhow::Result<Vec<Sample>> {
        std::fs::write(self.folder.path().join("end"), "")?;
        wait::until("the last requests", LIMIT, || Ok(self.child.try_wait()?))?;
        Ok(self.samples()?.to_vec())
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // It has ended already, unless something failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateways {
    /// Those of the bed.
    pub(super) fn of(bed: &Bed) -> anyhow::Result<Self> {
        let addresses = gateway_pod::NAMES.iter().map(|pod| bed.pod_address(gateway_pod::NAMESPACE, pod));
        let addresses = addresses.map(|address| address.map(IpAddr::from)).collect::<anyhow::Result<_>>();
        Ok(Self(addresses.context("a bed without the gateway")?))
    }

    /// Whether the origin answered this request and saw it come from the gateway.
    pub(super) fn carried(&self, sample: &Sample) -> bool {
        sample.peer.is_some_and(|peer| self.0.contains(&peer))
    }

    /// How many requests have reached the origin around the gateway.
    pub(super) fn passed_by(&self, bed: &Bed) -> anyhow::Result<usize> {
        let around =
            |event: &Event| matches!(event, Event::Request(request) if !self.0.contains(&request.peer));
        Ok(read_entries(bed.origin_log())?.iter().filter(|entry| around(&entry.event)).count())
    }
}

/// So many hosts.
pub(super) fn hosts(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("host{number}.example.com")).collect()
}

/// A host over HTTP and over TLS.
pub(super) fn urls(host: &str) -> [String; 2] {
    ["http", "https"].map(|scheme| format!("{scheme}://{host}/"))
}

/// The URLs as one argument of the load.
fn joined(urls: &[String]) -> String {
    urls.join(",")
}

/// The clock by which the load writes.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Linux takes as one argument, with its closing zero.
    const LONGEST_ARGUMENT: usize = 128 << 10;

    #[test]
    fn all_urls_of_the_most_hosts_are_one_argument() {
        let urls: Vec<String> = hosts(MOST_HOSTS).iter().flat_map(|host| urls(host)).collect();

        assert!(joined(&urls).len() < LONGEST_ARGUMENT);
    }
}
