//! The organisation's policies on the mesh: what they deny is not written, what they name is named so, and traffic leaves
//! only from the nodes they demand.

mod cluster;
mod root_namespace;
mod strangers;

use anyhow::{Context as _, ensure};
use testbed::bed::User;

use self::cluster::{Moved, NoReader, RolledOut};
use self::root_namespace::root_namespace;
use self::strangers::strangers;
use super::harness::{Configured, Fates, GATEWAYS, LIMIT, Mesh, SHOP, Test, eventually, now_ms, rules, say};

pub(crate) const TESTS: &[Test] = &[
    ("what_the_cluster_denies_is_not_written", denied),
    ("who_may_not_read_the_policies_changes_nothing", unread),
    ("a_lower_layer_cannot_allow_what_the_cluster_denies", lower_layer),
    ("objects_have_the_names_of_the_policy_and_are_renamed_under_load", renamed),
    ("the_documented_layout_is_not_renamed_in_place", documented_is_not_renamed),
    ("traffic_leaves_only_from_the_nodes_that_are_demanded", pinned),
    ("a_module_of_the_cluster_names_pins_and_denies_once_it_is_trusted", module),
    ("a_module_of_the_cluster_that_was_tampered_with_is_never_run", tampered),
    ("what_others_made_by_hand_is_audited", audited),
    ("what_was_written_under_other_policies_is_outdated", outdated),
    ("a_root_namespace_that_nobody_can_tell_is_no_permission", root_namespace),
    ("what_strangers_open_is_judged_by_its_specs", strangers),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";
const ALLOW: &str = "settings: {allow: [edition.cnn.com]}\n  on-deny: ask in the egress channel";

fn denied(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, ALLOW)?;
    let words = [
        "api.github.com:443",
        "host-not-allowed",
        "baseline",
        "(cluster)",
        "ask in the egress channel",
        "nothing was written",
    ];
    for user in [User::Admin, User::ShopEditor] {
        mesh.refuses(user, &["add", "api.github.com", "-n", "shop"], 4, &words)?;
    }
    // One host that is denied denies the whole command.
    let both = ["add", "edition.cnn.com", "api.github.com", "-n", "shop"];
    mesh.refuses(User::Admin, &both, 4, &words)?;
    mesh.expect_refused(SHOP, "https://api.github.com/")?;
    mesh.expect_refused(SHOP, HTTPS)?;

    mesh.done(&ADD)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    let entry = mesh.object("serviceentry", "edition-cnn-com", "shop")?;
    let recorded = entry["metadata"]["annotations"]["kubectl-egress.github.io/policies"].as_str();
    ensure!(recorded.is_some_and(|text| text.starts_with("baseline@0.1.0 settings:")), "{recorded:?}");
    Ok(())
}

fn unread(mesh: &Mesh) -> anyhow::Result<()> {
    let _reader = NoReader::new(mesh)?;
    let words = [
        "no permission to read the policies of this cluster: configmaps \"kubectl-egress-policy\" is forbidden",
        "kubectl create role kubectl-egress-policy-reader -n istio-system --verb=get --resource=configmaps \
         --resource-name=kubectl-egress-policy",
        "kubectl create rolebinding kubectl-egress-policy-reader -n istio-system",
    ];
    mesh.refuses(User::ShopEditor, &ADD, 5, &words).map(drop)
}

fn lower_layer(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, "settings: {deny: [\"*.cnn.com\"]}")?;
    let own = tempfile::Builder::new().suffix(".yaml").tempfile()?;
    std::fs::write(own.path(), rules("generous", "settings: {allow: [edition.cnn.com]}"))?;
    let own = own.path().to_str().context("a path that is text")?;
    let words = ["host-denied", "baseline", "(cluster)", "nothing was written"];
    mesh.refuses(User::Admin, &[&ADD[..], &["--policy", own]].concat(), 4, &words).map(drop)
}

fn renamed(mesh: &Mesh) -> anyhow::Result<()> {
    let policies = Configured::rules(mesh, "settings: {names: \"old-{host-slug}\"}")?;
    mesh.done(&ADD)?;
    mesh.object("serviceentry", "old-edition-cnn-com", "shop")?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    policies.replace("settings: {names: \"new-{host-slug}\"}")?;
    let load = mesh.load(SHOP, &[HTTP, HTTPS])?;
    let begin = now_ms();
    load.until_sent(20)?;
    mesh.done(&ADD)?;
    load.until_sent(20)?;
    let samples = load.end()?;
    let fates = mesh.fates(samples.iter().filter(|sample| sample.at_ms >= begin))?;
    say(format_args!("  while all objects were renamed: {fates}"));
    let through = fates.through;
    ensure!(through >= 40, "the load was too thin to say anything: {fates}");
    ensure!(fates == Fates { through, ..Fates::default() }, "renaming cost calls: {fates}");

    let listed = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?;
    ensure!(listed["items"][0]["state"] == "ready", "{listed}");
    let objects = listed["items"][0]["objects"].as_array().context("no objects")?;
    let names: Vec<_> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
    let is_new = |name: &&str| name.starts_with("new-edition-cnn-com");
    ensure!(names.len() == 4 && names.iter().all(is_new), "{names:?}");
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, HTTP)
}

fn documented_is_not_renamed(mesh: &Mesh) -> anyhow::Result<()> {
    let add = [&ADD[..], &["--layout", "documented"]].concat();
    let policies = Configured::rules(mesh, "settings: {names: \"old-{host-slug}\"}")?;
    mesh.done(&add)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    policies.replace("settings: {names: \"new-{host-slug}\"}")?;
    mesh.refuses(User::Admin, &add, 7, &["other names", "kubectl egress remove edition.cnn.com -n shop"])?;
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}

fn pinned(mesh: &Mesh) -> anyhow::Result<()> {
    let pin = "settings: {pin: {matchLabels: {node-role.kubernetes.io/infra: \"\"}, minNodes: 2}}";
    let _policies = Configured::rules(mesh, pin)?;
    mesh.done(&ADD)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.done(&["diagnose", "edition.cnn.com", "-n", "shop"])?;

    let moved = Moved::new(mesh, GATEWAYS[1], "app-1")?;
    let github = ["add", "api.github.com", "-n", "shop"];
    let words = ["app-1", GATEWAYS[1].name, "node-role.kubernetes.io/infra", "nothing was written"];
    eventually("the gateway's pod to be ready on the other node", LIMIT, || {
        mesh.refuses(User::Admin, &github, 4, &words)
    })?;
    let diagnosis = mesh.plugin(&["diagnose", "edition.cnn.com", "-n", "shop"])?;
    ensure!(diagnosis.code == 1, "{diagnosis:?}");
    ensure!(diagnosis.stdout.contains("EG021") && diagnosis.stdout.contains("app-1"), "{}", diagnosis.stdout);
    let listed = mesh.done(&["list", "-n", "shop", "-o", "wide"])?;
    ensure!(listed.stdout.contains("no: app-1"), "{}", listed.stdout);
    let audit = mesh.plugin(&["audit", "-n", "shop", "-o", "json"])?;
    ensure!(audit.code == 1, "{audit:?}");
    ensure!(audit.json()?["items"][0]["code"] == "node-not-accepted", "{}", audit.stdout);

    moved.back()?;
    eventually("the gateway to fit again", LIMIT, || mesh.done(&github))?;
    mesh.expect_via_gateway(SHOP, "https://api.github.com/").map(drop)
}

fn module(mesh: &Mesh) -> anyhow::Result<()> {
    let _rolled_out = RolledOut::infra_nodes(mesh)?;
    // A pipeline has nobody to ask, and is told what to type.
    let untrusted = mesh.refuses(User::Admin, &ADD, 9, &["infra-nodes", "--trust-policies sha256:"])?;
    let digest = untrusted.stderr.split("--trust-policies ").nth(1).context("no digest")?;
    let digest: String = digest.chars().take("sha256:".len() + 64).collect();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let other = [&ADD[..], &["--trust-policies", &wrong]].concat();
    mesh.refuses(User::Admin, &other, 9, &["review the change", &digest])?;

    let trusting = ["--trust-policies", &digest];
    mesh.done(&[&ADD[..], &trusting].concat())?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    let entry = mesh.object("serviceentry", "cnn", "shop")?;
    let recorded = entry["metadata"]["annotations"]["kubectl-egress.github.io/policies"].as_str();
    ensure!(recorded.is_some_and(|text| text.starts_with("infra-nodes@0.1.0 sha256:")), "{recorded:?}");
    mesh.object("virtualservice", "direct-cnn-through-egress-gateway", "shop")?;

    let github = [&["add", "api.github.com", "-n", "shop"], &trusting[..]].concat();
    let words = ["host-not-in-catalogue", "infra-nodes 0.1.0 (cluster)", "ask the platform team"];
    mesh.refuses(User::Admin, &github, 4, &words)?;
    let moved = Moved::new(mesh, GATEWAYS[0], "app-2")?;
    let again = [&ADD[..], &trusting].concat();
    eventually("the gateway's pod to be ready on the other node", LIMIT, || {
        mesh.refuses(User::Admin, &again, 4, &["app-2", "infra-nodes 0.1.0 (cluster)"])
    })?;
    moved.back()?;
    mesh.done(&[&["remove", "edition.cnn.com", "-n", "shop"], &trusting[..]].concat())?;
    mesh.expect_refused(SHOP, HTTP)
}

fn tampered(mesh: &Mesh) -> anyhow::Result<()> {
    let rolled_out = RolledOut::infra_nodes(mesh)?;
    let trusting = [&ADD[..], &["--trust-policies", "any"]].concat();
    mesh.done(&trusting)?;
    rolled_out.tamper()?;
    mesh.refuses(User::Admin, &trusting, 9, &["infra-nodes", "was locked as sha256:"])?;
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}

fn audited(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    mesh.apply(include_str!("leak_and_loss/documented.yaml"))?;
    let before = mesh.done(&["audit", "-A"])?;
    ensure!(before.stdout.is_empty(), "{}", before.stdout);
    let _policies = Configured::rules(mesh, "settings: {deny: [\"*.cnn.com\"]}")?;
    let audit = mesh.plugin(&["audit", "-A", "-o", "json"])?;
    audit.expect(1, &["current policies would deny"])?;
    let items = audit.json()?["items"].clone();
    let made = |managed: bool| items.as_array().into_iter().flatten().any(|row| row["managed"] == managed);
    ensure!(made(true) && made(false), "expected both, found {items}");
    Ok(())
}

fn outdated(mesh: &Mesh) -> anyhow::Result<()> {
    let policies = Configured::rules(mesh, ALLOW)?;
    mesh.done(&ADD)?;
    let none = mesh.done(&["list", "-n", "shop", "--outdated", "-o", "json"])?.json()?;
    ensure!(none["items"].as_array().is_some_and(Vec::is_empty), "{none}");
    policies.replace("settings: {allow: [\"*.cnn.com\"]}")?;
    let some = mesh.done(&["list", "-n", "shop", "--outdated", "-o", "json"])?.json()?;
    ensure!(some["items"][0]["outdated"][0]["change"] == "changed", "{some}");
    mesh.done(&ADD)?;
    let none = mesh.done(&["list", "-n", "shop", "--outdated", "-o", "json"])?.json()?;
    ensure!(none["items"].as_array().is_some_and(Vec::is_empty), "{none}");
    Ok(())
}
