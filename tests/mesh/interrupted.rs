//! Interrupted at any step: what was and was not done is said, and the next command finishes it.
//!
//! A step is held by what it waits for: a proxy that stands still proves nothing, and istiod standing still lets the API
//! server store nothing.

mod killed;

use anyhow::{Context as _, bail, ensure};
use testbed::bed::{Signal, User};

use super::harness::{Ended, GATEWAYS, LIMIT, Mesh, Paused, Running, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("add_is_interrupted_while_the_gateway_cannot_show_its_leg", add_at_the_gateway_leg),
    ("add_is_interrupted_while_a_caller_cannot_show_the_subset", add_at_the_pair),
    ("add_is_interrupted_while_the_first_object_is_written", add_at_the_first_write),
    ("add_is_interrupted_while_the_record_is_written", add_at_the_record),
    ("add_is_interrupted_while_a_caller_cannot_show_the_mesh_leg", add_at_the_mesh_leg),
    ("add_is_interrupted_while_a_caller_cannot_show_the_host", add_at_the_client_entry),
    ("add_of_two_hosts_says_how_far_each_of_them_is", add_of_two_hosts),
    ("add_of_the_documented_objects_says_what_is_written_in_part", add_of_the_documented_objects),
    ("what_nobody_has_answered_is_called_unknown", add_that_nobody_answers),
    ("remove_is_interrupted_while_a_caller_knows_the_host", remove_at_the_client_entry),
    ("remove_is_interrupted_while_a_caller_knows_the_gateway", remove_at_the_mesh_leg),
    ("remove_is_interrupted_while_the_gateway_knows_the_host", remove_at_the_gateway_leg),
    ("remove_is_interrupted_while_the_record_is_deleted", remove_at_the_record),
    ("what_a_killed_command_left_is_finished_by_the_next", killed::killed),
];

const GATEWAY: &str = "gateways/kubectl-egress-istio-egressgateway";
const RULE: &str = "destinationrules/kubectl-egress-istio-egressgateway";
const UPSTREAM: &str = "serviceentries/edition-cnn-com-upstream";
const GATEWAY_LEG: &str = "virtualservices/edition-cnn-com-gateway";
const MESH_LEG: &str = "virtualservices/edition-cnn-com";
const CLIENT: &str = "serviceentries/edition-cnn-com";
/// All objects, in the order in which they are written.
const ADDED: [&str; 6] = [GATEWAY, RULE, UPSTREAM, GATEWAY_LEG, MESH_LEG, CLIENT];
/// Those of the host, in the order in which they are deleted.
const REMOVED: [&str; 4] = [CLIENT, MESH_LEG, GATEWAY_LEG, UPSTREAM];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const REMOVE: [&str; 4] = ["remove", "edition.cnn.com", "-n", "shop"];

fn add_at_the_first_write(mesh: &Mesh) -> anyhow::Result<()> {
    let still = mesh.pause_part("istiod")?;
    let ended = interrupt_at(mesh, &ADD, GATEWAY, still)?;
    said(&ended, "written", &ADDED[..1], &ADDED[1..])?;
    add_finishes(mesh)
}

fn add_at_the_pair(mesh: &Mesh) -> anyhow::Result<()> {
    let still = mesh.pause(SHOP)?;
    let ended = interrupt_at(mesh, &ADD, RULE, still)?;
    said(&ended, "written", &ADDED[..2], &ADDED[2..])?;
    add_finishes(mesh)
}

fn add_at_the_record(mesh: &Mesh) -> anyhow::Result<()> {
    pair_exists(mesh)?;
    let still = mesh.pause_part("istiod")?;
    let ended = interrupt_at(mesh, &ADD, UPSTREAM, still)?;
    said(&ended, "written", &ADDED[2..3], &ADDED[3..])?;
    add_finishes(mesh)
}

fn add_at_the_gateway_leg(mesh: &Mesh) -> anyhow::Result<()> {
    let still = mesh.pause(GATEWAYS[0])?;
    let ended = interrupt_at(mesh, &ADD, GATEWAY_LEG, still)?;
    said(&ended, "written", &ADDED[..4], &ADDED[4..])?;
    add_finishes(mesh)
}

fn add_at_the_mesh_leg(mesh: &Mesh) -> anyhow::Result<()> {
    pair_exists(mesh)?;
    let still = mesh.pause(SHOP)?;
    let ended = interrupt_at(mesh, &ADD, MESH_LEG, still)?;
    said(&ended, "written", &ADDED[2..5], &ADDED[5..])?;
    add_finishes(mesh)
}

/// The caller must prove the mesh leg and then stand still before it can prove the client entry, which takes istiod at
/// least its tenth of a second.
fn add_at_the_client_entry(mesh: &Mesh) -> anyhow::Result<()> {
    let adding = mesh.start(User::Admin, &ADD)?;
    adding.until_it_says("mesh leg live")?;
    let still = mesh.pause(SHOP)?;
    let ended = interrupt(adding)?;
    // The interrupt may also have come before the write.
    said(&ended, "written", &ADDED, &[]).or_else(|_| said(&ended, "written", &ADDED[..5], &ADDED[5..]))?;
    drop(still);
    add_finishes(mesh)
}

/// Both take the same steps together. The pair is written once.
fn add_of_two_hosts(mesh: &Mesh) -> anyhow::Result<()> {
    let still = mesh.pause(GATEWAYS[0])?;
    let mark = mesh.mark()?;
    let running = mesh.start(User::Admin, &[&ADD[..], &["example.test:443/TLS"]].concat())?;
    mesh.until_asked(GATEWAY_LEG, mark, LIMIT)?;
    mesh.until_asked("virtualservices/example-test-gateway", mark, LIMIT)?;
    let ended = interrupt(running)?;
    drop(still);
    let second = ["serviceentries/example-test-upstream", "virtualservices/example-test-gateway"];
    let not_reached = ["virtualservices/example-test", "serviceentries/example-test"];
    said(&ended, "written", &[&ADDED[..4], &second].concat(), &[&ADDED[4..], &not_reached].concat())?;
    let written = mesh.writes_since(mark)?.len();
    ensure!(written == 6, "expected 6 writes, the pair once, found {written}");
    Ok(())
}

fn add_of_the_documented_objects(mesh: &Mesh) -> anyhow::Result<()> {
    let command = [&ADD[..], &["--layout", "documented"]].concat();
    let still = mesh.pause(GATEWAYS[0])?;
    let ended = interrupt_at(mesh, &command, MESH_LEG, still)?;
    said(&ended, "partly", &[CLIENT, MESH_LEG], &[])?;
    said(&ended, "written", &["gateways/edition-cnn-com", "destinationrules/edition-cnn-com"], &[])?;
    mesh.done(&command)?;
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/")?;
    remove_finishes(mesh)
}

/// An interrupted write is waited for, but not for ever.
fn add_that_nobody_answers(mesh: &Mesh) -> anyhow::Result<()> {
    let mark = mesh.mark()?;
    let istiod = mesh.pause_part("istiod")?;
    let adding = mesh.start(User::Admin, &ADD)?;
    mesh.until_asked(GATEWAY, mark, LIMIT)?;
    let ended = interrupt(adding)?;
    drop(istiod);
    said(&ended, "unknown", &ADDED[..1], &ADDED[1..])?;
    mesh.writes_since(mark)?;
    add_finishes(mesh)
}

fn remove_at_the_client_entry(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let still = mesh.pause(SHOP)?;
    let ended = interrupt_at(mesh, &REMOVE, CLIENT, still)?;
    said(&ended, "deleted", &REMOVED[..1], &REMOVED[1..])?;
    remove_finishes(mesh)
}

/// Sidecars show nothing of an HTTP host's client entry: the first thing they have to prove is the end of the mesh leg.
fn remove_at_the_mesh_leg(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:80/HTTP", "-n", "shop"])?;
    let still = mesh.pause(SHOP)?;
    let ended = interrupt_at(mesh, &REMOVE, MESH_LEG, still)?;
    said(&ended, "deleted", &REMOVED[..2], &REMOVED[2..])?;
    remove_finishes(mesh)
}

fn remove_at_the_gateway_leg(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let still = mesh.pause(GATEWAYS[1])?;
    let ended = interrupt_at(mesh, &REMOVE, GATEWAY_LEG, still)?;
    said(&ended, "deleted", &REMOVED[..3], &REMOVED[3..])?;
    remove_finishes(mesh)
}

/// The last step has nothing to prove: the interrupt comes before, during or after it, and each is a clean end.
fn remove_at_the_record(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let removing = mesh.start(User::Admin, &REMOVE)?;
    removing.until_it_says("gateway leg gone")?;
    removing.signal(Signal::INT)?;
    let ended = removing.end()?;
    match ended.code {
        0 => nothing_is_left(mesh),
        130 => {
            said(&ended, "deleted", &REMOVED[..3], &REMOVED[3..])?;
            remove_finishes(mesh)
        }
        code => bail!("exit code {code}\n{}", ended.stderr),
    }
}

/// Runs a command until it has asked for this write, and interrupts it while it is held there.
fn interrupt_at(mesh: &Mesh, command: &[&str], object: &str, still: Paused<'_>) -> anyhow::Result<Ended> {
    let mark = mesh.mark()?;
    let running = mesh.start(User::Admin, command)?;
    mesh.until_asked(object, mark, LIMIT)?;
    running.signal(Signal::INT)?;
    drop(still);
    let ended = running.end()?;
    ensure!(ended.code == 130, "exit code {}\n{}", ended.code, ended.stderr);
    let written: Vec<_> = mesh.writes_since(mark)?.into_iter().map(|write| write.object).collect();
    ensure!(written.last().is_some_and(|last| last == object), "it went on: {written:?}");
    Ok(ended)
}

fn interrupt(running: Running) -> anyhow::Result<Ended> {
    running.signal(Signal::INT)?;
    let ended = running.end()?;
    ensure!(ended.code == 130, "exit code {}\n{}", ended.code, ended.stderr);
    Ok(ended)
}

/// The error names what was done and what was not reached; what existed before may be named as unchanged.
fn said(ended: &Ended, word: &str, done: &[&str], not_reached: &[&str]) -> anyhow::Result<()> {
    let (_, report) = ended.stderr.split_once("error: interrupted\n").context("not interrupted")?;
    let (report, hint) = report.split_once("\n\nhint: ").context("no hint")?;
    ensure!(hint.contains("again"), "{hint}");
    let named = |wanted: &str| -> Vec<String> {
        let lines = report.lines().filter_map(|line| line.trim().strip_prefix(wanted));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    for (word, objects) in [(word, done), ("not reached", not_reached)] {
        let expected: Vec<_> = objects.iter().map(|object| sentence(object)).collect();
        ensure!(named(word) == expected, "expected {word} {expected:?}, found\n{report}");
    }
    Ok(())
}

/// `virtualservices/x` as it is printed.
fn sentence(object: &str) -> String {
    let (plural, name) = object.split_once('/').unwrap_or((object, ""));
    let singular = match plural {
        "serviceentries" => "serviceentry",
        other => other.trim_end_matches('s'),
    };
    let namespace = if name.starts_with("kubectl-egress") { "istio-system" } else { "shop" };
    format!("{singular}.networking.istio.io/{name} in namespace {namespace}")
}

/// Leaves the pair behind, which the first host of a gateway brings.
fn pair_exists(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "api.github.com", "-n", "shop"])?;
    Ok(())
}

fn add_finishes(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    for url in ["http://edition.cnn.com/", "https://edition.cnn.com/"] {
        mesh.expect_via_gateway(SHOP, url)?;
    }
    let listed = mesh.done(&["list", "-n", "shop"])?.stdout;
    let row = listed.lines().find(|line| line.starts_with("edition.cnn.com ")).context("not listed")?;
    ensure!(row.contains(" ready "), "{row}");
    Ok(())
}

fn remove_finishes(mesh: &Mesh) -> anyhow::Result<()> {
    let ended = mesh.plugin(&REMOVE)?;
    // Killed before anything was written, there is nothing to find.
    let nothing = ended.code == 1 && ended.stderr.contains("no egress for host");
    ensure!(ended.code == 0 || nothing, "exit code {}\n{}", ended.code, ended.stderr);
    nothing_is_left(mesh)
}

fn nothing_is_left(mesh: &Mesh) -> anyhow::Result<()> {
    let kinds = "serviceentries.networking.istio.io,virtualservices.networking.istio.io";
    let left = mesh.bed().kubectl(&["get", kinds, "--namespace=shop", "--output=name"])?;
    ensure!(!left.contains("edition"), "left behind: {left}");
    mesh.expect_refused(SHOP, "http://edition.cnn.com/")?;
    mesh.expect_refused(SHOP, "https://edition.cnn.com/")
}
