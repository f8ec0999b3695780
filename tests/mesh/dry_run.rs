//! Rehearsals: what `--dry-run=client` prints is what `add` writes, and `--dry-run=server` writes nothing.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::harness::{LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("what_client_prints_is_what_add_writes_in_the_shared_layout", |mesh| {
        prints_what_add_writes(mesh, "shared")
    }),
    ("what_client_prints_is_what_add_writes_in_the_documented_layout", |mesh| {
        prints_what_add_writes(mesh, "documented")
    }),
    ("what_kubectl_applied_is_taken_over_without_a_write", what_kubectl_applied_is_taken_over),
    ("server_asks_the_api_server_about_every_object_and_writes_none", server_writes_nothing),
    ("a_difference_is_shown_and_nothing_written", a_difference_is_shown),
];

const HTTPS: &str = "https://edition.cnn.com/";

fn prints_what_add_writes(mesh: &Mesh, layout: &str) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop", "--layout", layout];
    let mark = mesh.mark()?;
    mesh.done(&add)?;
    let (wanted, order) = (stored(mesh)?, first_writes(mesh, mark)?);
    mesh.clean()?;

    // The address of no server at all: no cluster is asked.
    let rehearsal =
        [&add[..], &["--dry-run=client", "-o", "yaml", "--server", "https://192.0.2.99:1"]].concat();
    let printed = mesh.done(&rehearsal)?.stdout;
    ensure!(stored(mesh)?.is_empty());
    let mark = mesh.mark()?;
    mesh.apply(&printed)?;
    let (found, applied) = (stored(mesh)?, first_writes(mesh, mark)?);

    for (name, object) in &wanted {
        ensure!(found.get(name) == Some(object), "added: {object:#}\napplied: {:#?}", found.get(name));
    }
    ensure!(found.len() == wanted.len(), "applied: {:?}", found.keys());
    if layout == "shared" {
        ensure!(applied == order, "applied in the order {applied:?}, added in the order {order:?}");
    }
    eventually("the applied objects to work", LIMIT, || mesh.expect_via_gateway(SHOP, HTTPS))?;
    Ok(())
}

fn what_kubectl_applied_is_taken_over(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop"];
    let printed = mesh.done(&[&add[..], &["--dry-run=client", "-o", "yaml"]].concat())?.stdout;
    mesh.apply(&printed)?;
    let mark = mesh.mark()?;
    mesh.done(&add)?;
    mesh.expect_nothing_written(mark)?;
    let listed = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?;
    ensure!(listed["items"][0]["state"] == "ready", "{listed:#}");
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTPS)
}

fn server_writes_nothing(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop"];
    let mark = mesh.mark()?;
    let rehearsed = mesh.done(&[&add[..], &["--dry-run=server"]].concat())?;
    let asked = mesh.writes_since(mark)?;
    ensure!(asked.len() == 6 && asked.iter().all(|write| write.dry_run), "{asked:#?}");
    ensure!(rehearsed.stdout.lines().count() == 6, "{}", rehearsed.stdout);
    ensure!(rehearsed.stdout.lines().all(|line| line.ends_with("(server dry run)")), "{}", rehearsed.stdout);
    ensure!(stored(mesh)?.is_empty());
    mesh.expect_refused(SHOP, HTTPS)?;

    // The control: without the flag the same requests write.
    let mark = mesh.mark()?;
    mesh.done(&add)?;
    ensure!(mesh.expect_nothing_written(mark).is_err(), "the audit log does not show writes");

    // The audit log tells a rehearsed deletion from a real one as little as its path does.
    let before = stored(mesh)?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop", "--dry-run=server"])?;
    ensure!(stored(mesh)? == before);
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    Ok(())
}

fn a_difference_is_shown(mesh: &Mesh) -> anyhow::Result<()> {
    let mark = mesh.mark()?;
    let shown = mesh.plugin(&["add", "edition.cnn.com:443", "-n", "shop", "--diff"])?;
    shown.expect(3, &[])?;
    ensure!(shown.stdout.contains("+  - edition.cnn.com"), "{}", shown.stdout);
    mesh.expect_nothing_written(mark)?;

    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    let mark = mesh.mark()?;
    let same = mesh.plugin(&["add", "edition.cnn.com:443", "-n", "shop", "--diff"])?;
    same.expect(0, &[])?;
    ensure!(same.stdout.is_empty(), "{}", same.stdout);
    let more = mesh.plugin(&["add", "edition.cnn.com:80", "-n", "shop", "--diff"])?;
    more.expect(3, &[])?;
    ensure!(more.stdout.contains("+    number: 80"), "{}", more.stdout);
    mesh.expect_nothing_written(mark)
}

/// Every object of Istio's networking without what is different each time it is written.
fn stored(mesh: &Mesh) -> anyhow::Result<BTreeMap<String, Value>> {
    const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
        destinationrules.networking.istio.io,gateways.networking.istio.io";
    let text = mesh.bed().kubectl(&["get", KINDS, "--all-namespaces", "--output=json"])?;
    let mut list: Value = serde_json::from_str(&text)?;
    let mut found = BTreeMap::new();
    for mut object in list["items"].take().as_array().cloned().unwrap_or_default() {
        let name =
            format!("{} {}/{}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"]);
        // What istiod has to say about it.
        object.as_object_mut().context("no object")?.remove("status");
        let metadata = object["metadata"].as_object_mut().context("an object without metadata")?;
        metadata.retain(|key, _| ["name", "namespace", "labels", "annotations"].contains(&key.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            let times = |key: &str| key.ends_with("/added-at") || key.ends_with("/added-by");
            annotations.retain(|key, _| !times(key) && !key.starts_with("kubectl.kubernetes.io/"));
        }
        found.insert(name, object);
    }
    Ok(found)
}

/// The objects that were written since a mark, each at its first write.
fn first_writes(mesh: &Mesh, mark: super::harness::Mark) -> anyhow::Result<Vec<String>> {
    let mut order = Vec::new();
    for write in mesh.writes_since(mark)? {
        if write.code < 300 && !order.contains(&write.object) {
            order.push(write.object);
        }
    }
    Ok(order)
}
