//! Namespaces that want the same host do not disturb each other, and an entry that somebody shows to the whole mesh
//! disturbs neither.

use anyhow::ensure;

use super::harness::{BILLING, Fates, LIMIT, Mesh, Pod, SHOP, Test, eventually, say};

pub(crate) const TESTS: &[Test] = &[
    ("the_same_host_with_different_ports_works_in_both", the_same_host_with_different_ports_works_in_both),
    ("the_older_leaves_and_the_newer_loses_no_call", the_older_leaves),
    ("the_newer_leaves_and_the_older_loses_no_call", the_newer_leaves),
];

/// `edition.cnn.com`, shown to every namespace by somebody who never heard of the gateway. The second host is nobody
/// else's: it tells when the entry has arrived.
const FOREIGN: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: everybody-may, namespace: default}
spec:
  hosts: [edition.cnn.com, foreign.example.test]
  exportTo: ['*']
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
";

const CNN: [&str; 2] = ["https://edition.cnn.com/", "http://edition.cnn.com/"];
const GITHUB: &str = "https://api.github.com/";

/// `shop` asked first, and for TLS only; `billing` came later and wants both; each has a second host of its own or in
/// common.
fn add_all(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443/TLS", GITHUB, "-n", "shop"])?;
    mesh.done(&["add", "edition.cnn.com", GITHUB, "-n", "billing"])?;
    Ok(())
}

fn show_foreign_entry(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.bed().kubectl_with_input(&["apply", "--filename=-"], FOREIGN)?;
    for pod in [SHOP, BILLING] {
        let arrived = || mesh.expect_direct(pod, "http://foreign.example.test/");
        eventually("the foreign entry to arrive", LIMIT, arrived)?;
    }
    Ok(())
}

fn all_work(mesh: &Mesh, calls: &[(Pod, &str)]) -> anyhow::Result<()> {
    calls.iter().try_for_each(|(pod, url)| mesh.expect_via_gateway(*pod, url).map(drop))
}

fn the_same_host_with_different_ports_works_in_both(mesh: &Mesh) -> anyhow::Result<()> {
    add_all(mesh)?;
    let calls = [(SHOP, CNN[0]), (SHOP, GITHUB), (BILLING, CNN[0]), (BILLING, CNN[1]), (BILLING, GITHUB)];
    all_work(mesh, &calls)?;
    mesh.expect_refused(SHOP, CNN[1])?;

    show_foreign_entry(mesh)?;
    all_work(mesh, &calls)?;
    let again = mesh.done(&["add", "edition.cnn.com", "-n", "billing"])?;
    ensure!(again.stderr.contains("everybody-may"), "no word about the foreign entry:\n{}", again.stderr);
    all_work(mesh, &calls)
}

fn the_older_leaves(mesh: &Mesh) -> anyhow::Result<()> {
    leaves(mesh, SHOP, BILLING, &[CNN[0], CNN[1], GITHUB])
}

fn the_newer_leaves(mesh: &Mesh) -> anyhow::Result<()> {
    leaves(mesh, BILLING, SHOP, &[CNN[0], GITHUB])
}

fn leaves(mesh: &Mesh, who: Pod, who_stays: Pod, urls: &[&str]) -> anyhow::Result<()> {
    add_all(mesh)?;
    show_foreign_entry(mesh)?;
    let load = mesh.load(who_stays, urls)?;
    mesh.done(&["remove", "edition.cnn.com", "api.github.com", "-n", who.namespace])?;
    load.until_sent(100)?;
    let fates = mesh.fates(load.end()?.iter())?;
    say(format_args!("  calls of {who_stays} while {who} left: {fates}"));
    let through = fates.through;
    ensure!(fates == Fates { through, ..Fates::default() }, "{fates}");
    for url in urls {
        mesh.expect_via_gateway(who_stays, url)?;
    }
    mesh.expect_refused(who, GITHUB)
}
