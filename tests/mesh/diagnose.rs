//! `diagnose`: the way of a host on a real mesh, whole and broken; what broke it is named by its code and object.

use std::{collections::BTreeMap, net::Ipv4Addr};

use anyhow::ensure;
use serde_json::Value;
use xtask::{bed::User, world::zone::Zone};

use super::harness::{LIMIT, Mesh, SHOP, Test, eventually};
use super::manifests::BY_HAND;

pub(crate) const TESTS: &[Test] = &[
    ("a_whole_way_is_walked_to_its_end", whole),
    ("a_host_that_was_not_added_is_said", not_added),
    ("an_object_that_is_missing_is_found", missing_object),
    ("an_object_that_was_changed_is_found", changed_object),
    ("a_name_that_does_not_resolve_is_found", no_such_name),
    ("pods_that_are_not_ready_are_found", not_ready),
    ("a_plaintext_server_is_found", plaintext_server),
    ("what_may_not_be_looked_at_is_never_green", viewer),
    ("a_way_made_by_hand_is_walked_as_well", by_hand),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const DIAGNOSE: [&str; 4] = ["diagnose", "edition.cnn.com", "-n", "shop"];

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
    for part in ["√ EG060", "√ EG061", "√ EG028", "√ EG027", "0 errors, 0 warnings"] {
        ensure!(text.stdout.contains(part), "{part} is missing: {}", text.stdout);
    }
    ensure!(!text.stdout.contains('×') && !text.stdout.contains('‼'), "{}", text.stdout);
    ensure!(findings(mesh, User::Admin, 0)?.is_empty());
    // Without a host all of the namespace are walked.
    ensure!(mesh.done(&["diagnose", "-n", "shop"])?.stdout.contains("edition.cnn.com from shop"));
    mesh.expect_nothing_written(mark)
}

fn not_added(mesh: &Mesh) -> anyhow::Result<()> {
    let found = findings(mesh, User::Admin, 1)?;
    ensure!(found.keys().eq(["EG062"]), "{found:#?}");
    let fix = "kubectl egress add edition.cnn.com -n shop";
    ensure!(found["EG062"].to_string().contains(fix), "{found:#?}");
    Ok(())
}

fn missing_object(mesh: &Mesh) -> anyhow::Result<()> {
    for (kind, name) in [
        ("virtualservice", "edition-cnn-com"),
        ("virtualservice", "edition-cnn-com-gateway"),
        ("serviceentry", "edition-cnn-com-upstream"),
        ("serviceentry", "edition-cnn-com"),
    ] {
        mesh.done(&ADD)?;
        mesh.delete(kind, name, "shop")?;
        let found = findings(mesh, User::Admin, 1)?;
        let said = found.get("EG034").map(ToString::to_string).unwrap_or_default();
        ensure!(said.contains(name), "{kind}/{name} is missing, found {found:#?}");
        // Only the one without a route lets anybody out.
        let direct = (kind, name) == ("virtualservice", "edition-cnn-com");
        ensure!(found.contains_key("EG014") == direct, "{kind}/{name} is missing, found {found:#?}");
        // The fix that is offered is the whole repair.
        mesh.done(&ADD)?;
        ensure!(findings(mesh, User::Admin, 0)?.is_empty());
    }
    Ok(())
}

fn changed_object(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let kind = "virtualservices.networking.istio.io";
    let patch = r#"{"spec":{"hosts":["edition.cnn.com","www.cnn.com"]}}"#;
    mesh.bed().kubectl(&[
        "patch",
        kind,
        "edition-cnn-com",
        "-n",
        "shop",
        "--type=merge",
        "--patch",
        patch,
    ])?;
    let ended = mesh.plugin(&[&DIAGNOSE[..], &["-o", "json"]].concat())?;
    let found = codes(&ended.json()?);
    let said = found.get("EG035").map(ToString::to_string).unwrap_or_default();
    ensure!(said.contains("edition-cnn-com") && said.contains("kubectl-patch"), "{found:#?}");
    Ok(())
}

fn no_such_name(mesh: &Mesh) -> anyhow::Result<()> {
    let everywhere = Some(vec![Ipv4Addr::new(198, 51, 100, 10)]);
    let gone =
        Zone { nxdomain: ["edition.cnn.com".to_owned()].into(), default: everywhere, ..Zone::default() };
    gone.save(mesh.bed().zone_file())?;
    let unproven = mesh.plugin(&[&ADD[..], &["--timeout", "2s"]].concat())?;
    unproven.expect(6, &["edition.cnn.com.shop.egress.internal` has no endpoint"])?;

    // With all objects in place as well, the name is what is in the way.
    let printed = mesh.done(&[&ADD[..], &["--dry-run=client", "-o", "yaml"]].concat())?.stdout;
    mesh.apply(&printed)?;
    eventually("the proxies to have the objects", LIMIT, || {
        let found = findings(mesh, User::Admin, 1)?;
        ensure!(found.keys().eq(["EG029"]), "{found:#?}");
        Ok(())
    })
}

fn not_ready(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    mesh.set_gateway_ready(false)?;
    let found = findings(mesh, User::Admin, 1);
    mesh.set_gateway_ready(true)?;
    let found = found?;
    ensure!(found.contains_key("EG061"), "{found:#?}");
    eventually("the pods to be ready", LIMIT, || mesh.done(&DIAGNOSE)).map(drop)
}

fn plaintext_server(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    mesh.apply(
        "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: old, namespace: billing}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [www.example.test]}]
",
    )?;
    let found = findings(mesh, User::Admin, 1)?;
    let said = found.get("EG009").map(ToString::to_string).unwrap_or_default();
    ensure!(said.contains("old") && said.contains("billing"), "{found:#?}");
    Ok(())
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
    let sections = document["sections"].as_array().into_iter().flatten();
    let checks = sections.flat_map(|section| section["checks"].as_array().into_iter().flatten());
    let failed = checks.filter(|check| check["result"] == "failed");
    failed.map(|check| (check["code"].as_str().unwrap_or_default().to_owned(), check.clone())).collect()
}
