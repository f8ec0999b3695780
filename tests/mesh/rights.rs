//! Who may do what: people with few rights get what they may have, and everybody else is told what they lack before
//! anything is written.

use anyhow::ensure;
use testbed::bed::User;

use super::harness::{Mesh, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("an_editor_of_one_namespace_gets_along_with_the_documented_layout", editor_with_the_documented_layout),
    ("an_editor_of_one_namespace_adds_to_a_pair_that_is_there", editor_with_an_existing_pair),
    ("an_editor_of_one_namespace_is_told_that_the_pair_is_missing", editor_without_a_pair),
    ("an_editor_of_one_namespace_gets_nothing_elsewhere", editor_elsewhere),
    ("a_platform_engineer_has_all_the_rights_that_are_needed", platform_engineer),
    ("who_may_only_read_is_told_each_right_that_lacks", viewer),
    ("who_may_do_nothing_is_told_so", nobody),
    ("a_token_that_is_over_is_said", expired),
    ("a_server_that_does_not_answer_is_said", unreachable),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
/// Enough for a mesh of this size; the default is for larger ones.
const SETTLE: [&str; 2] = ["--settle", "1s"];
const REMOVE: [&str; 4] = ["remove", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

fn editor_with_the_documented_layout(mesh: &Mesh) -> anyhow::Result<()> {
    let add = [&ADD[..], &["--layout", "documented"]].concat();
    let demanding = [&add[..], &["--require-proof"]].concat();
    mesh.refuses(User::ShopEditor, &demanding, 5, &["--require-proof", "istio-system/istio-egressgateway"])?;

    let added = mesh.plugin_as(User::ShopEditor, &[&add[..], &SETTLE, &["-o", "json"]].concat())?;
    added.expect(0, &["no permission to read the pods of istio-system/istio-egressgateway"])?;
    ensure!(proofs(&added.json()?) == ["clients-only"], "{}", added.stdout);
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;

    let listed = mesh.plugin_as(User::ShopEditor, &["list", "-n", "shop", "-o", "json"])?;
    listed.expect(0, &[])?;
    ensure!(listed.json()?["items"][0]["state"] == "ready", "{}", listed.stdout);
    mesh.plugin_as(User::ShopEditor, &[&REMOVE[..], &SETTLE].concat())?.expect(0, &[])?;
    mesh.expect_refused(SHOP, HTTP)
}

fn editor_with_an_existing_pair(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "api.github.com", "-n", "billing"])?;
    let added = mesh.plugin_as(User::ShopEditor, &[&ADD[..], &SETTLE].concat())?;
    added.expect(0, &["proof: clients only", "note: no permission to read the pods of istio-system"])?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    mesh.plugin_as(User::ShopEditor, &[&REMOVE[..], &SETTLE].concat())?.expect(0, &[])?;
    mesh.expect_refused(SHOP, HTTPS)
}

fn editor_without_a_pair(mesh: &Mesh) -> anyhow::Result<()> {
    let add = [&ADD[..], &["--timeout", "1s"]].concat();
    let words = [
        "nothing was written",
        "outbound|80|mesh|istio-egressgateway",
        "hint: the gateway's owner writes the two objects",
    ];
    mesh.refuses(User::ShopEditor, &add, 1, &words)?;
    mesh.expect_refused(SHOP, HTTP)
}

fn editor_elsewhere(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "billing", "--layout", "documented"];
    let words =
        ["you lack the permission to", "serviceentries.networking.istio.io in namespace billing", "hint: "];
    mesh.refuses(User::ShopEditor, &add, 5, &words)?;
    Ok(())
}

fn platform_engineer(mesh: &Mesh) -> anyhow::Result<()> {
    let added = mesh.plugin_as(User::Platform, &[&ADD[..], &["--require-proof", "-o", "json"]].concat())?;
    added.expect(0, &[])?;
    ensure!(proofs(&added.json()?) == ["full"], "{}", added.stdout);
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.plugin_as(User::Platform, &["remove", "--all", "-n", "shop", "-y", "--prune"])?.expect(0, &[])?;
    mesh.expect_refused(SHOP, HTTP)
}

fn viewer(mesh: &Mesh) -> anyhow::Result<()> {
    let lacks = [
        "you lack the permission to",
        "create and patch gateways.networking.istio.io in namespace istio-system",
        "create and patch serviceentries.networking.istio.io in namespace shop",
        "create and patch virtualservices.networking.istio.io in namespace shop",
        "hint: ",
    ];
    mesh.refuses(User::Viewer, &ADD, 5, &lacks)?;
    mesh.done(&ADD)?;
    let remove = ["remove", "edition.cnn.com", "-n", "shop"];
    let lacks = ["delete serviceentries.networking.istio.io in namespace shop"];
    mesh.refuses(User::Viewer, &remove, 5, &lacks)?;
    let listed = mesh.plugin_as(User::Viewer, &["list", "-A"])?;
    listed.expect(0, &[])?;
    ensure!(listed.stdout.contains("edition.cnn.com"), "{}", listed.stdout);
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}

fn nobody(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.refuses(User::Nobody, &ADD, 5, &["error: ", "networking.istio.io", "hint: "])?;
    mesh.refuses(User::Nobody, &["remove", "edition.cnn.com", "-n", "shop"], 5, &["error: ", "hint: "])?;
    let listed = mesh.plugin_as(User::Nobody, &["list", "-n", "shop"])?;
    ensure!([5, 8].contains(&listed.code), "exit code {}: {}", listed.code, listed.stderr);
    ensure!(listed.stdout.is_empty(), "{}", listed.stdout);
    Ok(())
}

fn expired(mesh: &Mesh) -> anyhow::Result<()> {
    for command in [&ADD[..], &["list", "-n", "shop"], &["remove", "edition.cnn.com", "-n", "shop"]] {
        mesh.refuses(
            User::Expired,
            command,
            5,
            &["You must be logged in to the server", "hint: log in again"],
        )?;
    }
    Ok(())
}

fn unreachable(mesh: &Mesh) -> anyhow::Result<()> {
    let closed = [&ADD[..], &["--server", "https://192.0.2.1:6444"]].concat();
    mesh.refuses(
        User::Admin,
        &closed,
        5,
        &["192.0.2.1:6444 was refused", "hint: type `kubectl cluster-info`"],
    )?;
    let silent = [&ADD[..], &["--server", "https://192.0.2.99:6443", "--request-timeout", "1s"]].concat();
    let ended = mesh.refuses(User::Admin, &silent, 5, &["192.0.2.99:6443"])?;
    ensure!(ended.elapsed.as_secs() < 5, "it took {:?}", ended.elapsed);
    Ok(())
}

/// How much of each host was proven.
fn proofs(result: &serde_json::Value) -> Vec<&str> {
    let hosts = result["items"].as_array().into_iter().flatten();
    hosts.filter_map(|host| host["proof"].as_str()).collect()
}
