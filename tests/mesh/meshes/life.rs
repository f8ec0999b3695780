//! An egress from `add` to `remove`: what has to hold at each stage, whatever the mesh is like.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde_json::Value;

use super::super::harness::{LIMIT, Mesh, Pod, eventually, say};

/// A host that is never added.
const UNLISTED: [&str; 2] = ["http://unlisted.example.test/", "https://unlisted.example.test/"];
/// Everything that `add` may write.
const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
    destinationrules.networking.istio.io,gateways.networking.istio.io";

/// An egress that is about to live.
pub(super) struct Life<'a> {
    pub(super) caller: Pod,
    /// The pods from whose addresses its calls must arrive.
    pub(super) gateways: &'a [Pod],
    /// The host, with its ports, and the flags.
    pub(super) request: &'a [&'a str],
    /// What is called.
    pub(super) urls: &'a [&'a str],
    /// The codes of what `diagnose` finds: properties of the bed, no faults of the layout.
    pub(super) findings: &'a [&'a str],
}

impl Life<'_> {
    /// The calls fail, pass the gateway while the egress lives, and fail again; a host that nobody added fails all the time.
    pub(super) fn lives(&self, mesh: &Mesh) -> anyhow::Result<()> {
        let Life { caller, gateways, request, urls, findings } = self;
        let before = objects(mesh)?;
        self.fail(mesh, urls)?;

        let namespace = ["-n", caller.namespace];
        let added =
            mesh.done(&[&["add"], *request, &namespace, &["--require-proof", "--timeout", "20s"]].concat())?;
        for url in *urls {
            mesh.expect_via(*caller, url, gateways)?;
        }
        self.fail(mesh, &UNLISTED)?;

        let rows = mesh.done(&[&["list"], &namespace[..], &["-o", "json"]].concat())?.json()?;
        let states: Vec<_> =
            rows["items"].as_array().into_iter().flatten().map(|row| &row["state"]).collect();
        ensure!(states == ["ready"], "list says {rows:#}");
        let report = mesh.done(&[&["diagnose"], &namespace[..], &["-o", "json"]].concat())?.json()?;
        let found = codes(&report);
        ensure!(found.iter().eq(findings.iter()), "diagnose found {found:?}: {:#}", report["findings"]);

        let host = request.first().copied().unwrap_or_default().split(':').next().unwrap_or_default();
        mesh.done(&[&["remove", host], &namespace[..], &["--prune", "-y"]].concat())?;
        let left = objects(mesh)?;
        ensure!(left == before, "left behind: {:?}", left.difference(&before).collect::<Vec<_>>());
        self.fail(mesh, urls)?;
        let seconds = added.elapsed.as_secs_f64();
        say(format_args!("  {caller}: {} added and proven in {seconds:.1} s, gone again", request.join(" ")));
        Ok(())
    }

    /// The calls are refused, and nothing of them leaves.
    fn fail(&self, mesh: &Mesh, urls: &[&str]) -> anyhow::Result<()> {
        urls.iter().try_for_each(|url| {
            eventually("the call to be refused", LIMIT, || mesh.expect_refused(self.caller, url))
        })
    }
}

/// `add` refuses with this code, says these words, and writes nothing.
pub(super) fn refused(mesh: &Mesh, add: &[&str], code: i32, words: &[&str]) -> anyhow::Result<()> {
    let before = objects(mesh)?;
    let ended = mesh.refuses(testbed::bed::User::Admin, add, code, words)?;
    ensure!(objects(mesh)? == before, "the refusal has changed objects");
    say(format_args!("  {}: {}", add.join(" "), ended.stderr.trim().replace('\n', "\n    ")));
    Ok(())
}

fn objects(mesh: &Mesh) -> anyhow::Result<BTreeSet<String>> {
    let columns =
        "--output=custom-columns=:kind,:metadata.namespace,:metadata.name,:metadata.resourceVersion";
    let listed = mesh.bed().kubectl(&["get", KINDS, "--all-namespaces", "--no-headers", columns])?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn codes(report: &Value) -> BTreeSet<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.filter_map(|finding| finding["code"].as_str()).collect()
}
