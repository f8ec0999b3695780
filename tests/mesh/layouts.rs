//! An egress over its life: both layouts, more ports, another layout; calls work at every stage.

use anyhow::ensure;

use super::harness::{BILLING, Mesh, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("the_documented_layout_lives_from_add_to_remove", documented_life),
    ("the_plain_hop_of_the_documented_layout_works", plain_hop),
    ("shared_becomes_documented_and_back", other_layout),
    ("a_host_moves_between_shared_and_endpoints_while_it_is_used", moves_in_use),
    ("objects_of_the_endpoints_layout_let_nothing_out_in_whatever_order", any_order),
    ("more_ports_are_added_while_the_first_ones_are_used_in_the_endpoints_layout", |mesh| {
        more_ports(mesh, "endpoints")
    }),
    ("more_ports_are_added_while_the_first_ones_are_used", |mesh| more_ports(mesh, "shared")),
    ("more_ports_are_added_while_the_first_ones_are_used_in_the_documented_layout", |mesh| {
        more_ports(mesh, "documented")
    }),
    ("odd_ports_arrive_at_the_port_that_was_called", odd_ports),
    ("a_host_is_exported_to_another_namespace", exported),
    ("a_host_is_exported_to_every_namespace", exported_to_all),
];

const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

fn documented_life(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--layout", "documented"])?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    for url in [HTTP, HTTPS] {
        mesh.expect_refused(BILLING, url)?;
    }
    let wide = mesh.done(&["list", "-n", "shop", "-o", "wide"])?.stdout;
    ensure!(wide.contains("ready") && wide.contains("documented"), "{wide}");

    let mark = mesh.mark()?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    let elsewhere: Vec<_> =
        mesh.writes_since(mark)?.into_iter().filter(|write| write.namespace != "shop").collect();
    ensure!(elsewhere.is_empty(), "{elsewhere:#?}");
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)
}

fn plain_hop(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com:80", "-n", "shop", "--layout", "documented", "--hop", "plain"];
    mesh.done(&add)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)
}

fn other_layout(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    for layout in ["documented", "shared"] {
        let changed = mesh.plugin(&["add", "edition.cnn.com", "-n", "shop", "--layout", layout])?;
        changed.expect(0, &["warning: edition.cnn.com changes its layout"])?;
        mesh.expect_via_gateway(SHOP, HTTP)?;
        mesh.expect_via_gateway(SHOP, HTTPS)?;
        let row = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?["items"][0].take();
        ensure!(row["layout"] == layout && row["state"] == "ready", "{row:#}");
    }
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    let left = mesh.bed().kubectl(&["get", "serviceentries,virtualservices", "-A", "-o", "name"])?;
    ensure!(left.is_empty(), "left behind: {left}");
    mesh.expect_refused(SHOP, HTTPS)
}

/// Under load: no request leaves directly or is lost, there and back.
fn moves_in_use(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let load = mesh.load(SHOP, &[HTTP, HTTPS])?;
    for layout in ["endpoints", "shared", "endpoints"] {
        mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--layout", layout])?;
        load.until_sent(40)?;
        let row = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?["items"][0].take();
        ensure!(row["layout"] == layout && row["state"] == "ready", "{row:#}");
    }
    let samples = load.end()?;
    let fates = mesh.fates(samples.iter())?;
    super::harness::say(format_args!("  moved three times: {fates}"));
    ensure!(fates.through == samples.len() && fates.through > 100, "{fates}");
    let routes = mesh.bed().kubectl(&["get", "virtualservices", "-n", "shop", "-o", "name"])?;
    ensure!(routes.lines().count() == 1, "more than the gateway's routes: {routes}");
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)
}

/// The objects as files, each with a command of its own, in the order that is the worst one for the shared layout: what the
/// callers see first. The control is that layout in the same order.
fn any_order(mesh: &Mesh) -> anyhow::Result<()> {
    let direct = |layout: &str| -> anyhow::Result<usize> {
        let add =
            ["add", "edition.cnn.com", "-n", "shop", "--layout", layout, "--dry-run=client", "-o", "yaml"];
        let objects = mesh.done(&add)?.stdout;
        let load = mesh.load(SHOP, &[HTTP, HTTPS])?;
        for verb in ["apply", "delete"] {
            for object in objects
                .split("---\n")
                .filter(|object| !object.trim().is_empty())
                .collect::<Vec<_>>()
                .iter()
                .rev()
            {
                mesh.bed().kubectl_with_input(&[verb, "--filename=-"], object)?;
                load.until_sent(20)?;
            }
        }
        let fates = mesh.fates(load.end()?.iter())?;
        super::harness::say(format_args!("  {layout}, callers first, and deleted last: {fates}"));
        Ok(fates.direct)
    };
    let endpoints = direct("endpoints")?;
    ensure!(endpoints == 0, "{endpoints} requests left directly");
    ensure!(direct("shared")? > 0, "the control has not leaked: this test is blind");
    Ok(())
}

/// Under load on the first port: no request of it leaves directly or is lost.
fn more_ports(mesh: &Mesh, layout: &str) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop", "--layout", layout])?;
    mesh.expect_refused(SHOP, HTTP)?;
    let load = mesh.load(SHOP, &[HTTPS])?;
    mesh.done(&["add", "edition.cnn.com:80", "-n", "shop", "--layout", layout])?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    load.until_sent(50)?;
    let samples = load.end()?;
    let fates = mesh.fates(samples.iter())?;
    super::harness::say(format_args!("  {layout}: {fates}"));
    ensure!(fates.through == samples.len() && fates.through > 50, "{fates}");
    let row = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?["items"][0].take();
    ensure!(row["ports"] == serde_json::json!(["80/HTTP", "443/TLS"]) && row["state"] == "ready", "{row:#}");
    Ok(())
}

fn odd_ports(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&[
        "add",
        "edition.cnn.com:80",
        "edition.cnn.com:8080/HTTP",
        "edition.cnn.com:8443/TLS",
        "-n",
        "shop",
    ])?;
    for (url, port) in [
        ("http://edition.cnn.com/", 80),
        ("http://edition.cnn.com:8080/", 8080),
        ("https://edition.cnn.com:8443/", 8443),
    ] {
        let seen = mesh.expect_via_gateway(SHOP, url)?;
        ensure!(seen.port == port, "{url} arrived at {}", seen.port);
    }
    mesh.expect_refused(SHOP, HTTPS)?;

    // Again, while the callers' listeners of the odd ports still drain.
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    for layout in ["documented", "shared"] {
        mesh.done(&[
            "add",
            "edition.cnn.com:8080/HTTP",
            "-n",
            "shop",
            "--layout",
            layout,
            "--timeout",
            "20s",
        ])?;
        mesh.expect_via_gateway(SHOP, "http://edition.cnn.com:8080/")?;
    }
    Ok(())
}

fn exported(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--export-to", ".,billing"])?;
    for pod in [SHOP, BILLING] {
        mesh.expect_via_gateway(pod, HTTP)?;
        mesh.expect_via_gateway(pod, HTTPS)?;
    }
    let words = ["exported to", "would remove current callers"];
    mesh.refuses(testbed::bed::User::Admin, &["add", "edition.cnn.com", "-n", "shop"], 7, &words)?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    for pod in [SHOP, BILLING] {
        mesh.expect_refused(pod, HTTP)?;
    }
    Ok(())
}

/// The proxies of gateways are no callers: they never learn what the callers see.
fn exported_to_all(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop", "--export-to", "*", "--require-proof"];
    mesh.done(&add)?.expect(0, &["client entry live in 2/2 client pods"])?;
    for pod in [SHOP, BILLING] {
        mesh.expect_via_gateway(pod, HTTP)?;
        mesh.expect_via_gateway(pod, HTTPS)?;
    }
    let removed = mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    removed.expect(0, &["client entry gone from 2/2 client pods"])?;
    for pod in [SHOP, BILLING] {
        mesh.expect_refused(pod, HTTPS)?;
    }
    Ok(())
}
