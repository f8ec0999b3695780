//! One form on a bed of its own: all its figures, in the order in which they can be measured.

use std::{fs, path::Path, time::Duration};

use serde::Serialize as _;
use serde_json::Value;
use tempfile::TempDir;
use testbed::bed::{Bed, Topology};

use super::{
    calls::{self, Gateways},
    form::{Form, NAMESPACE},
    gateway_pod::{self, Leaves},
    hop::{self, Hop},
    lost::Lost,
    opening,
    progress::Progress,
    resources::{self, Memory},
    zone,
};
use crate::bench::stopwatch::{self, Times};

/// Runs of `add` for one more host; the median counts.
const RUNS: usize = 3;
const ONE_MORE: &str = "one-more.example.com";
/// How long the plugin may wait for the proxies after each step: they have thousands of clusters to take in.
const TIMEOUT: &str = "120s";

/// The figures of a form.
pub(super) struct FormFigures {
    pub(super) form: Form,
    pub(super) objects: usize,
    /// From the start of `kubectl apply` until the last host answers.
    pub(super) opened: Duration,
    /// `add` of one more host, where the plugin writes this form.
    pub(super) added: Option<Duration>,
    pub(super) before: Memory,
    pub(super) after: Memory,
    /// Of one processor, in percent.
    pub(super) rest: f64,
    pub(super) drains: Lost,
    pub(super) stops: Lost,
    /// Requests that reached the origin around the gateway.
    pub(super) direct: usize,
    pub(super) hop: Hop,
}

/// Measures a form at so many hosts.
pub(super) fn measure(form: Form, plugin: &Path, count: u32) -> anyhow::Result<FormFigures> {
    let progress = Progress::start(form);
    progress.tell("starting a bed");
    let bed = Bed::up("benchlayouts", &Topology::standard()?)?.guard();
    let gateways = Gateways::of(&bed)?;
    zone::begin(&bed)?;
    let hosts = calls::hosts(count);
    let objects = form.objects(&bed, plugin, &hosts)?;
    let folder = tempfile::tempdir()?;
    let manifest = write(&objects, &folder)?;

    progress.tell("reading the memory before");
    let before = resources::settled(&bed)?;
    let opened = opening::open(&bed, &gateways, &manifest, &hosts, &progress)?;
    progress.tell("reading the memory after");
    let after = resources::settled(&bed)?;
    progress.tell("watching the client's Envoy at rest");
    let rest = resources::at_rest(&bed)?;
    if form.layout().is_some() {
        progress.tell("adding one more host");
    }
    let added = form.layout().map(|layout| add_one_more(&bed, plugin, layout)).transpose()?;
    let host = hosts.first().map_or("", String::as_str);
    progress.tell("a gateway pod drains and returns");
    let drains = gateway_pod::goes_and_returns(&bed, &gateways, host, Leaves::Drains)?;
    progress.tell("a gateway pod stops and returns");
    let stops = gateway_pod::goes_and_returns(&bed, &gateways, host, Leaves::Stops)?;
    progress.tell("reading the logs of the gateway and of the origin");
    let direct = gateways.passed_by(&bed)?;
    let hop = hop::seen(&bed, host)?;
    progress.tell("taking the bed down");
    Ok(FormFigures {
        form,
        objects: objects.len(),
        opened,
        added,
        before,
        after,
        rest,
        drains,
        stops,
        direct,
        hop,
    })
}

fn write(objects: &[Value], folder: &TempDir) -> anyhow::Result<std::path::PathBuf> {
    let mut text = Vec::new();
    for object in objects {
        text.extend_from_slice(b"---\n");
        object.serialize(&mut serde_yaml::Serializer::new(&mut text))?;
    }
    let file = folder.path().join("objects.yaml");
    fs::write(&file, text)?;
    Ok(file)
}

/// The first run warms caches and is not counted.
fn add_one_more(bed: &Bed, plugin: &Path, layout: &str) -> anyhow::Result<Duration> {
    let mut taken = Vec::new();
    for _ in 0..=RUNS {
        let mut add = bed.command(plugin);
        add.args(["add", ONE_MORE, "-n", NAMESPACE, "--layout", layout, "--yes", "--timeout", TIMEOUT]);
        taken.push(stopwatch::time(&mut add)?);
        let mut remove = bed.command(plugin);
        remove.args(["remove", ONE_MORE, "-n", NAMESPACE, "--yes", "--timeout", TIMEOUT]);
        stopwatch::time(&mut remove)?;
    }
    Ok(Times::of(taken.split_off(1)).median())
}
