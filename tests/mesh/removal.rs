//! `remove`: what is ours goes in the reverse order, what is not ours stays unless it is forced.

use std::fs;

use anyhow::ensure;
use testbed::bed::User;

use super::harness::{BILLING, LIMIT, Mesh, SHOP, Test, eventually};
use super::manifests::BY_HAND;

pub(crate) const TESTS: &[Test] = &[
    ("objects_go_in_the_reverse_order_and_the_pair_stays", reverse_order),
    ("the_pair_goes_only_with_its_last_host_and_when_asked_for", prune),
    ("what_others_made_is_refused_and_stays_untouched", foreign_is_refused),
    ("what_others_made_goes_when_it_is_forced", foreign_is_forced),
    ("all_hosts_of_one_namespace_go_and_no_other", all),
    ("hosts_go_by_their_label", by_label),
    ("hosts_of_a_file_go", from_a_file),
    ("a_host_that_is_not_there_is_said", not_there),
    ("what_another_field_manager_wrote_goes_without_a_conflict", other_manager),
];

const HTTP: &str = "http://edition.cnn.com/";
const GITHUB: &str = "https://api.github.com/";

fn reverse_order(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    let mark = mesh.mark()?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    let deleted: Vec<String> = mesh
        .writes_since(mark)?
        .into_iter()
        .map(|write| format!("{} {}", write.verb, write.object))
        .collect();
    let expected = [
        "delete serviceentries/edition-cnn-com",
        "delete virtualservices/edition-cnn-com",
        "delete virtualservices/edition-cnn-com-gateway",
        "delete serviceentries/edition-cnn-com-upstream",
    ];
    ensure!(deleted == expected, "{deleted:#?}");
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.object("gateway", "kubectl-egress-istio-egressgateway", "istio-system")?;
    mesh.object("destinationrule", "kubectl-egress-istio-egressgateway", "istio-system").map(drop)
}

fn prune(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    mesh.done(&["add", "edition.cnn.com:443", "-n", "billing"])?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop", "--prune"])?;
    mesh.object("gateway", "kubectl-egress-istio-egressgateway", "istio-system")?;
    mesh.expect_via_gateway(BILLING, "https://edition.cnn.com/")?;
    mesh.done(&["remove", "edition.cnn.com", "-n", "billing", "--prune"])?;
    for kind in ["gateway", "destinationrule"] {
        let gone = mesh.object(kind, "kubectl-egress-istio-egressgateway", "istio-system");
        ensure!(gone.is_err(), "the {kind} is still there");
    }
    Ok(())
}

fn foreign_is_refused(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(BY_HAND)?;
    eventually("the objects made by hand to work", LIMIT, || mesh.expect_via_gateway(SHOP, HTTP))?;
    let words =
        ["was not made by this plugin", "virtualservice/direct-cnn-through-egress-gateway", "--force"];
    mesh.refuses(User::Admin, &["remove", "edition.cnn.com", "-n", "shop"], 7, &words)?;
    mesh.refuses(User::Admin, &["remove", "--all", "-n", "shop", "-y"], 0, &["No egress to remove found"])?;
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}

fn foreign_is_forced(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(BY_HAND)?;
    eventually("the objects made by hand to work", LIMIT, || mesh.expect_via_gateway(SHOP, HTTP))?;
    let ended = mesh.plugin(&["remove", "edition.cnn.com", "-n", "shop", "--force"])?;
    ended.expect(0, &["was not made by this plugin"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    // They may serve other hosts.
    mesh.object("gateway", "istio-egressgateway", "shop")?;
    mesh.object("destinationrule", "egressgateway-for-cnn", "shop").map(drop)
}

fn all(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "api.github.com:443", "-n", "shop"])?;
    mesh.done(&["add", "api.github.com:443", "-n", "billing"])?;
    mesh.done(&["remove", "--all", "-n", "shop", "-y"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, GITHUB)?;
    mesh.expect_via_gateway(BILLING, GITHUB).map(drop)
}

fn by_label(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "api.github.com:443", "-n", "shop"])?;
    let entry = "serviceentries.networking.istio.io";
    mesh.bed().kubectl(&["label", entry, "edition-cnn-com-upstream", "-n", "shop", "team=news"])?;
    mesh.refuses(
        User::Admin,
        &["remove", "-l", "team=sport", "-n", "shop"],
        0,
        &["No egress to remove found"],
    )?;
    mesh.done(&["remove", "-l", "team=news", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, GITHUB).map(drop)
}

fn from_a_file(mesh: &Mesh) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "# news\nedition.cnn.com\napi.github.com\n")?;
    let hosts = hosts.to_string_lossy();
    mesh.done(&["add", "-f", &hosts, "-n", "shop"])?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, GITHUB)?;
    mesh.done(&["remove", "-f", &hosts, "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, GITHUB)
}

fn not_there(mesh: &Mesh) -> anyhow::Result<()> {
    let words =
        ["no egress for host `edition.cnn.com` found in namespace shop", "kubectl egress list -n shop"];
    mesh.refuses(User::Admin, &["remove", "edition.cnn.com", "-n", "shop"], 1, &words)?;
    mesh.refuses(User::Admin, &["remove", "--all", "-n", "shop", "-y"], 0, &["No egress to remove found"])
        .map(drop)
}

/// The documented layout is narrowed before it is deleted. Like `kubectl delete`, that asks no field manager; with `add` as
/// well, where it changes the layout.
fn other_manager(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop", "--layout", "documented", "--field-manager"];
    let remove = ["remove", "edition.cnn.com", "-n", "shop"];
    for (added, removed) in [("ci", None), ("ci", Some("ci")), ("kubectl-egress", Some("ci"))] {
        mesh.done(&[&add[..], &[added]].concat())?;
        mesh.expect_via_gateway(SHOP, HTTP)?;
        let manager = removed.map(|name| ["--field-manager", name]);
        mesh.done(&[&remove[..], manager.as_ref().map_or(&[][..], |flag| &flag[..])].concat())?;
        mesh.expect_refused(SHOP, HTTP)?;
        ensure!(mesh.object("virtualservice", "edition-cnn-com", "shop").is_err(), "{added}: still there");
    }
    mesh.done(&[&add[..], &["ci"]].concat())?;
    let changed = mesh.plugin(&["add", "edition.cnn.com", "-n", "shop"])?;
    changed.expect(0, &["warning: edition.cnn.com changes its layout"])?;
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}
