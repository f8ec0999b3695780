//! A mesh that lets unknown hosts out directly, as Istio does by default: calls change their way under load, and nothing is
//! lost.

use anyhow::ensure;
use testbed::bed::{OutboundTrafficPolicy, Topology};

use super::harness::{Mesh, SHOP, Test, now_ms, say};

pub(crate) const TESTS: &[Test] = &[("calls_change_their_way_and_none_is_lost", change_their_way)];

const URLS: [&str; 2] = ["http://edition.cnn.com/", "https://edition.cnn.com/"];
/// Requests before, between and after the changes.
const MORE: usize = 60;

fn change_their_way(mesh: &Mesh) -> anyhow::Result<()> {
    let topology =
        Topology { outbound_traffic_policy: OutboundTrafficPolicy::AllowAny, ..Topology::standard()? };
    let mesh = &mesh.beside("any", &topology)?;
    for url in URLS {
        mesh.expect_direct(SHOP, url)?;
    }
    let load = mesh.load(SHOP, &URLS)?;
    load.until_sent(MORE)?;
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let live = now_ms();
    load.until_sent(MORE)?;
    let leaving = now_ms();
    let removed = mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    load.until_sent(MORE)?;
    let samples = load.end()?;
    removed
        .expect(0, &["warning: the mesh allows unknown hosts", "will reach `edition.cnn.com` directly"])?;

    let (inside, outside): (Vec<_>, Vec<_>) =
        samples.iter().partition(|sample| (live..leaving).contains(&sample.at_ms));
    let (inside, outside) = (mesh.fates(inside.into_iter())?, mesh.fates(outside.into_iter())?);
    say(format_args!("  while added: {inside}; before and after: {outside}"));
    ensure!(inside.through > 0 && inside.direct + inside.refused == 0 && inside.lost.is_empty(), "{inside}");
    ensure!(outside.direct > 0 && outside.refused == 0 && outside.lost.is_empty(), "{outside}");
    Ok(())
}
