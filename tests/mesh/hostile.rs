//! Whoever may edit an object in the cluster may write anything into it: nothing of it reaches a terminal as a control
//! character, and nothing of it makes a command fail that does not depend on it.

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::harness::{Ended, Mesh, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("annotations_of_our_objects", our_annotations),
    ("objects_of_others", objects_of_others),
    ("a_record_that_was_made_unreadable", unreadable_record),
];

/// Clears the screen, sets the window's title, hides text, turns it red, writes it backwards.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[8m\r\u{9b}31m\u{202e}ready";

fn our_annotations(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop", "--reason", "news"])?;
    for key in ["reason", "added-by", "added-at", "ports", "gateway", "layout", "hop", "export-to"] {
        let key = format!("kubectl-egress.github.io/{key}");
        let object = mesh.object("serviceentry", "edition-cnn-com-upstream", "shop")?;
        let before = object["metadata"]["annotations"][&key].as_str().context("no such annotation")?;
        annotate(mesh, &key, HOSTILE)?;
        for ended in commands(mesh)? {
            expect_clean(&ended).with_context(|| format!("annotation {key}"))?;
        }
        annotate(mesh, &key, before)?;
    }
    // The control: the text is there to be shown.
    annotate(mesh, "kubectl-egress.github.io/reason", HOSTILE)?;
    let wide = mesh.done(&["list", "-n", "shop", "-o", "wide"])?.stdout;
    ensure!(wide.contains(r"\u{1b}[2J"), "{wide}");
    Ok(())
}

fn objects_of_others(mesh: &Mesh) -> anyhow::Result<()> {
    let foreign = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {
            "name": "edition-cnn-com",
            "namespace": "shop",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-egress"},
            "annotations": {
                "kubectl-egress.github.io/host": HOSTILE,
                "kubectl-egress.github.io/role": HOSTILE,
                "kubectl-egress.github.io/layout": HOSTILE,
            },
        },
        "spec": {
            "hosts": ["edition.cnn.com"],
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
            "resolution": "DNS",
        },
    });
    mesh.apply(&foreign.to_string())?;
    let refused = mesh.plugin(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    refused.expect(7, &["serviceentry/edition-cnn-com in namespace shop"])?;
    expect_clean(&refused)?;
    for ended in commands(mesh)? {
        expect_clean(&ended)?;
    }
    Ok(())
}

fn unreadable_record(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    annotate(mesh, "kubectl-egress.github.io/ports", HOSTILE)?;
    let table = mesh.done(&["list", "-n", "shop"])?;
    ensure!(table.stdout.contains("edition.cnn.com") && table.stdout.contains("changed"), "{}", table.stdout);
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/")?;
    let removed = mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    expect_clean(&removed)?;
    mesh.expect_refused(SHOP, "https://edition.cnn.com/")?;
    let left = mesh.bed().kubectl(&["get", "serviceentries,virtualservices", "-A", "-o", "name"])?;
    ensure!(left.is_empty(), "left behind: {left}");
    Ok(())
}

/// Everything that shows what is in the cluster.
fn commands(mesh: &Mesh) -> anyhow::Result<Vec<Ended>> {
    let mut ended = Vec::new();
    for arguments in [
        &["list", "-A"][..],
        &["list", "-A", "-o", "wide"],
        &["list", "-A", "-o", "name"],
        &["diagnose", "-n", "shop"],
        &["remove", "edition.cnn.com", "-n", "shop", "--dry-run=server"],
        &["add", "edition.cnn.com:443", "-n", "shop", "--diff"],
    ] {
        ended.push(mesh.plugin(arguments)?);
    }
    Ok(ended)
}

/// Writes an annotation of the object that holds the record.
fn annotate(mesh: &Mesh, key: &str, value: &str) -> anyhow::Result<()> {
    let patch = json!({"metadata": {"annotations": {key: value}}}).to_string();
    let object = ["serviceentries.networking.istio.io", "edition-cnn-com-upstream", "--namespace=shop"];
    let patch = ["--type=merge", "--patch", &patch];
    mesh.bed().kubectl(&[&["patch"], &object[..], &patch].concat()).map(drop)
}

fn expect_clean(ended: &Ended) -> anyhow::Result<()> {
    for text in [&ended.stdout, &ended.stderr] {
        let hidden = |character: char| {
            (character.is_control() && !"\n\t".contains(character))
                || ('\u{202a}'..='\u{202e}').contains(&character)
        };
        ensure!(!text.contains(hidden), "exit code {}: {text:?}", ended.code);
        ensure!(!text.contains("panicked"), "{text}");
    }
    Ok(())
}
