//! Two writers at once: one wins and the other says so, or both come to their end; a mixture is never called done.
//!
//! Each writer has a server of its own in front of the API server. It lets a write pass, or first lets the other writer go on
//! with one, as a generator of numbers says; the same seed asks the same of both.

use std::{
    env,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{bail, ensure};
use testbed::bed::{Intercept, User};

use super::harness::{Ended, Mesh, Running, SHOP, Test, is_write, say};

pub(crate) const TESTS: &[Test] = &[
    ("add_beside_remove", |mesh| interleave(mesh, &[ADD_TLS], ADD_HTTP, REMOVE)),
    ("add_of_a_new_host_beside_remove", |mesh| interleave(mesh, &[], ADD, REMOVE)),
    ("two_additions_of_other_ports", |mesh| interleave(mesh, &[], ADD_TLS, ADD_HTTP)),
    ("two_additions_in_other_layouts", |mesh| interleave(mesh, &[], ADD, DOCUMENTED)),
];

const ADD: &[&str] = &["add", "edition.cnn.com", "-n", "shop"];
const ADD_TLS: &[&str] = &["add", "edition.cnn.com:443/TLS", "-n", "shop"];
const ADD_HTTP: &[&str] = &["add", "edition.cnn.com:80/HTTP", "-n", "shop"];
const DOCUMENTED: &[&str] = &["add", "edition.cnn.com", "-n", "shop", "--layout", "documented"];
const REMOVE: &[&str] = &["remove", "edition.cnn.com", "-n", "shop"];
const URLS: [&str; 2] = ["http://edition.cnn.com/", "https://edition.cnn.com/"];

/// Interleavings of each pair in a run of the tests; `WRITERS` says another number.
const USUAL: u64 = 4;
/// A writer that waits for the other one does not wait longer: that one may be done.
const PATIENCE: Duration = Duration::from_millis(400);

fn interleave(mesh: &Mesh, before: &[&[&str]], one: &[&str], other: &[&str]) -> anyhow::Result<()> {
    mesh.done(&["add", "api.github.com", "-n", "billing"])?;
    let load = mesh.load(SHOP, &URLS)?;
    let count = env::var("WRITERS").map_or(Ok(USUAL), |count| count.parse())?;
    let mut refused = 0;
    for seed in 0..count {
        before.iter().try_for_each(|command| mesh.done(command).map(drop))?;
        let ended = both(mesh, seed, one, other)?;
        refused += ended.iter().filter(|ended| ended.code != 0).count();
        judge(mesh, seed, &ended)?;
        let removed = mesh.plugin(REMOVE)?;
        ensure!([0, 1].contains(&removed.code), "seed {seed}: {}", removed.stderr);
        let left = mesh.bed().kubectl(&["get", KINDS, "--namespace=shop", "--output=name"])?;
        ensure!(left.trim().is_empty(), "seed {seed}: left behind: {left}\n{}\n{removed:?}", said(&ended));
    }
    let fates = mesh.fates(load.end()?.iter())?;
    say(format_args!("  {count} interleavings, {refused} writers said that they lost; {fates}"));
    ensure!(fates.direct == 0, "left directly: {fates}");
    Ok(())
}

const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
    destinationrules.networking.istio.io,gateways.networking.istio.io";

/// Runs both at once.
fn both(mesh: &Mesh, seed: u64, one: &[&str], other: &[&str]) -> anyhow::Result<[Ended; 2]> {
    let turns = Arc::new(Turns::new(seed));
    let server = |writer: usize| {
        let turns = Arc::clone(&turns);
        mesh.bed().intercepting_api_server(move |request| {
            if is_write(request) {
                turns.write(writer);
            }
            Intercept::Pass
        })
    };
    let (first, second) = (server(0)?, server(1)?);
    let (first_url, second_url) = (first.url(), second.url());
    let running = [
        mesh.start(User::Admin, &[one, &["--server", &first_url]].concat())?,
        mesh.start(User::Admin, &[other, &["--server", &second_url]].concat())?,
    ];
    let [first, second] = running.map(Running::end);
    Ok([first?, second?])
}

/// Whoever ends well has done it: where the last word is that of an addition, the host is whole. Else the next command makes it
/// whole.
fn judge(mesh: &Mesh, seed: u64, ended: &[Ended; 2]) -> anyhow::Result<()> {
    for Ended { code, .. } in ended {
        ensure!([0, 1, 6, 7].contains(code), "seed {seed}: {}", said(ended));
    }
    let listed = mesh.done(&["list", "-n", "shop"])?.stdout;
    let row = listed.lines().find(|line| line.starts_with("edition.cnn.com "));
    let is_whole = row.is_none_or(|row| row.contains(" ready "));
    if !is_whole && ended.iter().all(|ended| ended.code == 0) {
        bail!("both say that they are done, and it is half done: {listed}\n{}", said(ended));
    }
    Ok(())
}

fn said(ended: &[Ended; 2]) -> String {
    let each =
        ended.iter().map(|ended| format!("exit code {}\n{}{}", ended.code, ended.stdout, ended.stderr));
    each.collect::<Vec<_>>().join("\n")
}

/// Whose write comes next.
struct Turns {
    numbers: AtomicU64,
    written: Mutex<[u32; 2]>,
    someone_wrote: Condvar,
}

impl Turns {
    fn new(seed: u64) -> Self {
        Turns { numbers: AtomicU64::new(seed), written: Mutex::default(), someone_wrote: Condvar::new() }
    }

    /// Returns when the write may go on: at once, or after the next write of the other.
    fn write(&self, writer: usize) {
        let other = 1 - writer;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if self.number() % 2 == 1 {
            let before = written[other];
            let waited =
                self.someone_wrote.wait_timeout_while(written, PATIENCE, |written| written[other] == before);
            written = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        written[writer] += 1;
        self.someone_wrote.notify_all();
    }

    /// A number that looks random: splitmix64.
    fn number(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.numbers.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}
