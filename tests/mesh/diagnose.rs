//! `diagnose`: the way of a host on a real mesh that works, and what may not be looked at. Ways that are broken are cases of
//! their own, see `broken`.

use std::collections::BTreeMap;

use anyhow::ensure;
use serde_json::Value;
use testbed::bed::User;

use super::harness::{LIMIT, Mesh, SHOP, Test, eventually};
use super::manifests::BY_HAND;

pub(crate) const TESTS: &[Test] = &[
    ("a_whole_way_is_walked_to_its_end", whole),
    ("what_may_not_be_looked_at_is_never_green", viewer),
    ("a_way_made_by_hand_is_walked_as_well", by_hand),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
/// With a line for each check.
const DIAGNOSE: [&str; 6] = ["diagnose", "edition.cnn.com", "-n", "shop", "-v", "1"];

fn whole(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    for url in ["http://edition.cnn.com/", "https://edition.cnn.com/"] {
        // Both gateway pods have then opened a connection, most likely; one is enough.
        for _ in 0..6 {
            mesh.expect_via_gateway(SHOP, url)?;
        }
    }
    let mark = mesh.mark()?;
    let text = mesh.done(&DIAGNOSE)?;
    for part in ["√ EG060", "√ EG061", "√ EG028", "√ EG027", "0 errors"] {
        ensure!(text.stdout.contains(part), "{part} is missing: {}", text.stdout);
    }
    ensure!(!text.stdout.contains('×'), "{}", text.stdout);
    // The bed has a pod without a sidecar among the callers, no NetworkPolicy and no PodDisruptionBudget.
    let found = findings(mesh, User::Admin, 0)?;
    ensure!(found.keys().eq(["EG013", "EG018", "EG043"]), "{found:#?}");
    // Without a host all of the namespace are walked.
    ensure!(mesh.done(&["diagnose", "-n", "shop"])?.stdout.contains("edition.cnn.com from shop"));
    mesh.expect_nothing_written(mark)
}

fn viewer(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let ended = mesh.plugin_as(User::Viewer, &DIAGNOSE)?;
    ended.expect(8, &[])?;
    for code in ["EG027", "EG028"] {
        ensure!(!ended.stdout.contains(&format!("√ {code}")), "{}", ended.stdout);
    }
    ensure!(ended.stdout.contains("not checked, because"), "{}", ended.stdout);
    Ok(())
}

fn by_hand(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(BY_HAND)?;
    eventually("the objects made by hand to work", LIMIT, || {
        mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/")
    })?;
    ensure!(findings(mesh, User::Admin, 0)?.values().all(|finding| finding["level"] != "error"));
    Ok(())
}

/// The findings by their code; the diagnosis ends with this exit code.
fn findings(mesh: &Mesh, user: User, code: i32) -> anyhow::Result<BTreeMap<String, Value>> {
    let ended = mesh.plugin_as(user, &[&DIAGNOSE[..], &["-o", "json"]].concat())?;
    ensure!(
        ended.code == code,
        "exit code {} instead of {code}: {}{}",
        ended.code,
        ended.stdout,
        ended.stderr
    );
    Ok(codes(&ended.json()?))
}

fn codes(document: &Value) -> BTreeMap<String, Value> {
    let findings = document["findings"].as_array().into_iter().flatten();
    findings
        .map(|finding| (finding["code"].as_str().unwrap_or_default().to_owned(), finding.clone()))
        .collect()
}
