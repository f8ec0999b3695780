//! One of two gateway pods stands still: no caller is sent to the gateway before both pods know the way on.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use testbed::bed::User;

use super::harness::{GATEWAYS, LIMIT, Mark, Mesh, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("add_waits_for_a_gateway_that_stands_still_for_two_seconds", add_waits),
    ("add_says_which_pod_is_not_ready_in_time_and_the_next_add_finishes", add_gives_up),
];

const HOST: [&str; 3] = ["edition.cnn.com", "-n", "shop"];
const GATEWAY_LEG: &str = "virtualservices/edition-cnn-com-gateway";
const MESH_LEG: &str = "virtualservices/edition-cnn-com";
const CLIENT: &str = "serviceentries/edition-cnn-com";
const STILL: Duration = Duration::from_secs(2);

fn add_waits(mesh: &Mesh) -> anyhow::Result<()> {
    let mark = mesh.mark()?;
    let paused = mesh.pause(GATEWAYS[1])?;
    let mut adding = mesh.start(User::Admin, &[&["add"], &HOST[..]].concat())?;
    mesh.until_asked(GATEWAY_LEG, mark, LIMIT)?;

    // It is the time that is tested here: for so long nothing may happen.
    std::thread::sleep(STILL);
    ensure!(adding.is_running()?, "add ended although one gateway pod stands still");
    let written = objects(mesh, mark)?;
    ensure!(written.last().is_some_and(|last| last == GATEWAY_LEG), "add went on: {written:?}");

    let before = mesh.arrived()?.len();
    drop(paused);
    let ended = adding.end()?;
    ensure!(ended.code == 0, "exit code {}\n{}", ended.code, ended.stderr);
    ensure!(ended.stderr.contains("gateway leg live in 2/2"), "{}", ended.stderr);
    ensure!(ended.elapsed > STILL, "{:?}", ended.elapsed);
    let written = objects(mesh, mark)?;
    ensure!(written.ends_with(&[GATEWAY_LEG.into(), MESH_LEG.into(), CLIENT.into()]), "{written:?}");
    ensure!(mesh.arrived()?.len() == before, "somebody called");
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/")?;
    Ok(())
}

fn add_gives_up(mesh: &Mesh) -> anyhow::Result<()> {
    let mark = mesh.mark()?;
    let paused = mesh.pause(GATEWAYS[1])?;
    let ended = mesh.plugin(&[&["add"], &HOST[..], &["--timeout", "3s"]].concat())?;
    ensure!(ended.code == 6, "exit code {}\n{}", ended.code, ended.stderr);
    let (message, _) = ended.stderr.split_once("hint: ").context("no hint")?;
    ensure!(message.contains(&format!("gateway pod {}", GATEWAYS[1])), "{message}");
    ensure!(!message.contains(&format!("gateway pod {}", GATEWAYS[0])), "{message}");
    let written = objects(mesh, mark)?;
    ensure!(written.last().is_some_and(|last| last == GATEWAY_LEG), "{written:?}");
    mesh.expect_refused(SHOP, "http://edition.cnn.com/")?;

    drop(paused);
    let mark = mesh.mark()?;
    mesh.done(&[&["add"], &HOST[..]].concat())?;
    let written = objects(mesh, mark)?;
    ensure!(written == [MESH_LEG, CLIENT], "the second add wrote {written:?}");
    mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/")?;
    Ok(())
}

/// What was written since the mark, in order.
fn objects(mesh: &Mesh, mark: Mark) -> anyhow::Result<Vec<String>> {
    Ok(mesh.writes_since(mark)?.into_iter().map(|write| write.object).collect())
}
