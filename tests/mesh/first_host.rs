//! The first host: calls leave through the gateway, as who they are, for the namespace that asked, and for no other.

use anyhow::{Context as _, ensure};

use super::harness::{BARE, BILLING, GATEWAYS, LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("http_and_https_leave_through_the_gateway", http_and_https_leave_through_the_gateway),
    ("the_gateway_knows_the_caller_and_the_origin_does_not", the_gateway_knows_the_caller),
    ("only_the_namespace_that_asked_and_the_host_it_asked_for", only_what_was_asked_for),
    ("a_call_around_the_sidecar_is_seen_as_direct", a_call_around_the_sidecar_is_seen_as_direct),
];

const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

fn http_and_https_leave_through_the_gateway(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)?;

    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let clear = mesh.expect_via_gateway(SHOP, HTTP)?;
    ensure!((clear.tls, clear.port) == (false, 80), "{clear:?}");
    let inside_tls = mesh.expect_via_gateway(SHOP, HTTPS)?;
    ensure!((inside_tls.tls, inside_tls.port) == (true, 443), "{inside_tls:?}");
    ensure!(inside_tls.sni.as_deref() == Some("edition.cnn.com"), "{inside_tls:?}");

    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)
}

/// Headers of proxies. That there were several attempts is known to the router alone, which says so after all removals.
fn tells_about_the_inside(header: &str) -> bool {
    header.starts_with("x-forwarded-")
        || (header.starts_with("x-envoy-") && header != "x-envoy-attempt-count")
}

fn the_gateway_knows_the_caller(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let seen = mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/who-am-i")?;
    let told: Vec<_> = seen.headers.iter().filter(|(name, _)| tells_about_the_inside(name)).collect();
    ensure!(told.is_empty(), "the origin was told of the inside of the mesh: {told:?}");

    let lines = eventually("the gateway to log the call", LIMIT, || {
        let mut lines = Vec::new();
        for pod in GATEWAYS {
            lines.extend(mesh.bed().access_log(pod.namespace, pod.name)?);
        }
        let line = lines.iter().find(|line| line["path"] == "/who-am-i").context("no such line")?;
        Ok(line.to_string())
    })?;
    ensure!(lines.contains("spiffe://cluster.local/ns/shop/sa/client"), "the gateway logged {lines}");
    Ok(())
}

fn only_what_was_asked_for(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    for url in [HTTP, HTTPS] {
        mesh.expect_refused(BILLING, url)?;
    }
    for url in ["http://unlisted.example.test/", "https://unlisted.example.test/"] {
        mesh.expect_refused(SHOP, url)?;
    }
    mesh.expect_via_gateway(SHOP, HTTP)?;
    Ok(())
}

/// What all the other tests rely on: a call that leaves around the gateway is noticed.
fn a_call_around_the_sidecar_is_seen_as_direct(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_direct(BARE, HTTP)?;
    mesh.expect_direct(BARE, HTTPS)?;
    ensure!(mesh.expect_via_gateway(BARE, HTTP).is_err());
    Ok(())
}
