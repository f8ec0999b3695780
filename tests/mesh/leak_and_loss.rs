//! Under load, hosts come and go: nothing leaves around the gateway, and nothing that was promised to work fails.
//!
//! The control is the same load over the objects of Istio's own documentation, written with kubectl: it must show the
//! leaks that the plugin avoids, or the test would not see them either.

use anyhow::{bail, ensure};
use testbed::{
    bed::User,
    external_services::record::{Event, RecordLine},
};

use super::harness::{Answer, Fates, LIMIT, Mesh, SHOP, Test, eventually, now_ms, say};

pub(crate) const TESTS: &[Test] = &[
    ("twenty_cycles_leak_nothing_and_lose_nothing", |mesh| cycles(mesh, User::Admin, "shared", CYCLES)),
    ("the_documented_layout_leaks_nothing_and_loses_nothing", |mesh| {
        cycles(mesh, User::Admin, "documented", 5)
    }),
    ("the_endpoints_layout_leaks_nothing_and_loses_nothing", |mesh| {
        cycles(mesh, User::Admin, "endpoints", 5)
    }),
    ("who_may_not_look_at_the_gateway_leaks_nothing_and_loses_nothing", |mesh| {
        mesh.done(&["add", "api.github.com", "-n", "billing"])?;
        cycles(mesh, User::ShopEditor, "shared", 3)
    }),
    ("the_documented_objects_by_kubectl_leak", the_documented_objects_by_kubectl_leak),
];

const CYCLES: usize = 20;
const URLS: [&str; 2] = ["http://edition.cnn.com/", "https://edition.cnn.com/"];
/// Requests between the promise that a host works and its removal.
const WHILE_LIVE: usize = 40;

/// Istio's task "Egress Gateways", for HTTP and TLS at once.
const DOCUMENTED: &str = include_str!("leak_and_loss/documented.yaml");

fn cycles(mesh: &Mesh, user: User, layout: &str, cycles: usize) -> anyhow::Result<()> {
    let before = mesh.arrived()?.len();
    let load = mesh.load(SHOP, &URLS)?;
    let mut windows = Vec::new();
    for _ in 0..cycles {
        mesh.plugin_as(user, &["add", "edition.cnn.com", "-n", "shop", "--layout", layout])?
            .expect(0, &[])?;
        let live = now_ms();
        load.until_sent(WHILE_LIVE)?;
        let leaving = now_ms();
        mesh.plugin_as(user, &["remove", "edition.cnn.com", "-n", "shop"])?.expect(0, &[])?;
        windows.push(live..leaving);
    }
    let samples = load.end()?;
    let promised = |at_ms: &u64| windows.iter().any(|window| window.contains(at_ms));
    let (inside, outside): (Vec<_>, Vec<_>) = samples.iter().partition(|sample| promised(&sample.at_ms));
    let (inside, outside) = (mesh.fates(inside.into_iter())?, mesh.fates(outside.into_iter())?);
    let around = around(mesh, &mesh.arrived()?[before..])?;
    say(format_args!("  {cycles} cycles, between add and remove: {inside}"));
    say(format_args!("  before and after: {outside}"));

    ensure!(around.is_empty(), "{} left around the gateway: {:?}", around.len(), around.first());
    let through = inside.through;
    ensure!(through >= cycles * WHILE_LIVE / 2, "the load was too thin to say anything: {inside}");
    ensure!(inside == Fates { through, ..Fates::default() }, "failed although added: {inside}");
    // Without routes, a sidecar may get the host a moment before its cluster: a call fails then, and does not leave.
    let is_told = outside.lost.keys().all(|how| layout == "endpoints" && how == "http 503");
    ensure!(outside.direct == 0 && is_told, "neither answered nor refused: {outside}");
    ensure!(outside.refused > 0, "nothing was ever refused: the host was open all along");
    Ok(())
}

fn the_documented_objects_by_kubectl_leak(mesh: &Mesh) -> anyhow::Result<()> {
    let before = mesh.arrived()?.len();
    let load = mesh.load(SHOP, &URLS)?;
    let mut cycles = 0;
    while around(mesh, &mesh.arrived()?[before..])?.is_empty() && cycles < CYCLES {
        cycles += 1;
        type_in(mesh, "apply")?;
        for url in URLS {
            eventually("the host to open", LIMIT, || mesh.expect_via_gateway(SHOP, url))?;
        }
        type_in(mesh, "delete")?;
        eventually("the host to close", LIMIT, || match mesh.get(SHOP, URLS[0])? {
            Answer::Status(502) => Ok(()),
            other => bail!("{other:?}"),
        })?;
    }
    let fates = mesh.fates(load.end()?.iter())?;
    let around = around(mesh, &mesh.arrived()?[before..])?.len();
    say(format_args!("  {cycles} cycles by kubectl: {around} arrived around the gateway; {fates}"));
    ensure!(around > 0, "{CYCLES} cycles by kubectl have not leaked: this test is blind");
    Ok(())
}

/// One command for each object, as on the page. (All at once, istiod often takes them in together, and then only calls
/// that the gateway cannot answer yet are lost.)
fn type_in(mesh: &Mesh, verb: &str) -> anyhow::Result<()> {
    DOCUMENTED.split("\n---\n").try_for_each(|object| {
        mesh.bed().kubectl_with_input(&[verb, "--namespace=shop", "--filename=-"], object).map(drop)
    })
}

/// What came to the origin from elsewhere than a gateway pod.
fn around(mesh: &Mesh, arrived: &[RecordLine]) -> anyhow::Result<Vec<RecordLine>> {
    let mut around = Vec::new();
    for entry in arrived {
        let peer = match &entry.event {
            Event::Connection(connection) => connection.peer,
            Event::Request(request) => request.peer,
        };
        if !mesh.is_gateway(peer)? {
            around.push(entry.clone());
        }
    }
    Ok(around)
}
