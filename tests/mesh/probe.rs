//! `diagnose --probe`: one marked request from a pod, and what became of it on a real mesh.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use testbed::{bed::User, external_services::record::Event};

use super::harness::{Ended, LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("a_way_through_the_gateway_is_proven_by_the_request_itself", proven),
    ("a_request_that_leaves_directly_is_told", direct),
    ("the_hop_where_a_request_vanishes_is_named", vanished),
    ("nothing_is_sent_without_consent", consent),
    ("what_may_not_be_read_is_not_proven", not_proven),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const URLS: [&str; 2] = ["http://edition.cnn.com", "https://edition.cnn.com"];

fn proven(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    for url in URLS {
        let before = mesh.arrived()?.len();
        let ended = probe(mesh, User::Admin, url, 0)?;
        let probe = document(&ended)?;
        ensure!(probe["result"] == "proven" && probe["confidence"] == "certain", "{probe:#}");
        let token = probe["token"].as_str().context("no token")?;
        // It arrived once, and from the gateway pod that is named.
        let peers: Vec<_> = mesh
            .arrived()?
            .split_off(before)
            .into_iter()
            .filter_map(|entry| match entry.event {
                Event::Request(request) if request.path.contains(token) => Some(request.peer),
                _ => None,
            })
            .collect();
        let [peer] = peers[..] else { anyhow::bail!("arrived from {peers:?}: {probe:#}") };
        let left = probe["leftFrom"]["name"].as_str().context("no pod")?;
        let named = super::harness::GATEWAYS.into_iter().find(|pod| pod.name == left);
        ensure!(mesh.address(named.context("no gateway")?)? == peer, "from {peer}: {probe:#}");
        ensure!(
            probe["leftFrom"]["node"].as_str().is_some_and(|node| node.starts_with("infra-")),
            "{probe:#}"
        );
        ended.expect(
            0,
            &["probe: this command runs in container app of pod/client in namespace shop", "curl", token],
        )?;
    }
    let text = mesh.done(&["diagnose", "edition.cnn.com", "-n", "shop", "--probe", "--yes"])?;
    ensure!(text.stdout.contains("√ proven: it left from pod/istio-egressgateway-"), "{}", text.stdout);
    Ok(())
}

fn direct(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    mesh.delete("virtualservice", "edition-cnn-com", "shop")?;
    for url in URLS {
        eventually("calls to leave directly", LIMIT, || mesh.expect_direct(SHOP, url))?;
        let probe = document(&probe(mesh, User::Admin, url, 1)?)?;
        ensure!(probe["result"] == "leftDirectly" && probe["confidence"] == "certain", "{probe:#}");
        ensure!(probe["leftFrom"]["node"] == "app-1", "{probe:#}");
    }
    Ok(())
}

fn vanished(mesh: &Mesh) -> anyhow::Result<()> {
    // Nobody added the host: the sidecar refuses it.
    for url in URLS {
        mesh.expect_refused(SHOP, url)?;
        expect_vanished(mesh, url, "sidecar")?;
    }
    mesh.done(&ADD)?;
    mesh.delete("virtualservice", "edition-cnn-com-gateway", "shop")?;
    eventually("the gateway to refuse the host", LIMIT, || {
        let refused = URLS.iter().all(|url| mesh.expect_via_gateway(SHOP, url).is_err());
        ensure!(refused, "it still passes");
        Ok(())
    })?;
    expect_vanished(mesh, URLS[0], "gateway")
}

fn consent(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let before = mesh.arrived()?.len();
    let ended = mesh.plugin(&["diagnose", "edition.cnn.com", "-n", "shop", "--probe"])?;
    ended.expect(2, &["there is no terminal for the question", "--probe --yes"])?;
    mesh.done(&["diagnose", "edition.cnn.com", "-n", "shop"])?;
    let arrived = mesh.arrived()?.split_off(before);
    let requests = arrived.iter().filter(|entry| matches!(entry.event, Event::Request(_)));
    ensure!(requests.count() == 0, "{arrived:?}");
    Ok(())
}

/// Who may not exec sends nothing; who may not look at the gateway never says that it passed there.
fn not_proven(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    for (user, why) in [(User::Viewer, "forbidden"), (User::ShopEditor, "no ready gateway pod could be read")]
    {
        let ended = probe(mesh, user, URLS[0], 8)?;
        let probe = document(&ended)?;
        ensure!(probe["result"] == "notProven", "{probe:#}");
        ensure!(probe["because"].as_str().is_some_and(|because| because.contains(why)), "{probe:#}");
    }
    Ok(())
}

fn expect_vanished(mesh: &Mesh, url: &str, hop: &str) -> anyhow::Result<()> {
    let probe = document(&probe(mesh, User::Admin, url, 1)?)?;
    ensure!(probe["result"] == "vanished" && probe["hop"] == hop, "expected {hop}: {probe:#}");
    Ok(())
}

/// A diagnosis with a probe, as a document, that ends with this code.
fn probe(mesh: &Mesh, user: User, url: &str, code: i32) -> anyhow::Result<Ended> {
    let ended = mesh.plugin_as(user, &["diagnose", url, "-n", "shop", "--probe", "--yes", "-o", "json"])?;
    ensure!(ended.code == code, "exit code {}: {}{}", ended.code, ended.stdout, ended.stderr);
    Ok(ended)
}

fn document(ended: &Ended) -> anyhow::Result<Value> {
    Ok(ended.json()?["probe"].clone())
}
