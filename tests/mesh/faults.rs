//! `diagnose` where somebody does not answer: what is known is said, what is not is said with its reason, the exit code tells
//! both apart, and nothing is left behind.

use std::fs;

use anyhow::ensure;
use rustix::process::Signal;
use testbed::bed::{Fault, User};

use super::harness::{Ended, GATEWAYS, LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("a_gateway_that_hangs_is_said_and_the_rest_is_diagnosed", gateway_hangs),
    ("a_sidecar_that_hangs_is_said_and_the_rest_is_diagnosed", sidecar_hangs),
    ("what_is_broken_outweighs_what_hangs", broken_and_hanging),
    ("without_istiod_objects_and_envoys_are_diagnosed", istiod_hangs),
    ("ctrl_c_while_an_envoy_hangs_says_what_is_known", interrupted_while_looking),
    ("ctrl_c_before_anything_is_known_says_so", interrupted_while_reading),
    ("a_server_that_refuses_is_said", refused),
    ("a_server_that_cuts_connections_is_never_green", cut),
    ("a_server_that_stalls_is_given_up", stalled),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
/// With a line for each check.
const DIAGNOSE: [&str; 6] = ["diagnose", "edition.cnn.com", "-n", "shop", "-v", "1"];
/// Enough for an answer of a server that works.
const PATIENCE: &str = "--request-timeout=3s";

fn gateway_hangs(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let paused = mesh.pause(GATEWAYS[0])?;
    let ended = mesh.plugin(&DIAGNOSE)?;
    drop(paused);
    ended.expect(8, &[])?;
    ended.says(&[
        "the Envoy of pod/istio-egressgateway-0 in namespace istio-system could not be read",
        "√ EG061",
    ])?;
    for hidden in ["√ EG028", "√ EG029"] {
        ensure!(!ended.stdout.contains(hidden), "{}", ended.stdout);
    }
    nothing_left(mesh)
}

fn sidecar_hangs(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let paused = mesh.pause(SHOP)?;
    let ended = mesh.plugin(&DIAGNOSE)?;
    drop(paused);
    ended.expect(8, &[])?;
    ended.says(&["the Envoy of pod/client in namespace shop could not be read", "√ EG028"])?;
    ensure!(!ended.stdout.contains("√ EG027"), "{}", ended.stdout);
    nothing_left(mesh)
}

fn broken_and_hanging(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    mesh.delete("virtualservice", "edition-cnn-com-gateway", "shop")?;
    let paused = mesh.pause(GATEWAYS[0])?;
    let ended = mesh.plugin(&DIAGNOSE)?;
    drop(paused);
    ended.expect(1, &[])?;
    ended.says(&["× EG034"])
}

fn istiod_hangs(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let paused = mesh.pause_part("istiod")?;
    let ended = mesh.plugin(&DIAGNOSE);
    drop(paused);
    let ended = ended?;
    ended.expect(0, &[])?;
    ended.says(&["√ EG027", "√ EG028"])?;
    nothing_left(mesh)
}

fn interrupted_while_looking(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    let paused = mesh.pause(GATEWAYS[0])?;
    let before = fs::read_to_string(mesh.bed().audit_log())?.len();
    let running = mesh.start(User::Admin, &DIAGNOSE)?;
    eventually("the Envoy of the gateway to be asked", LIMIT, || {
        let asked = fs::read_to_string(mesh.bed().audit_log())?;
        let asked = asked.get(before..).unwrap_or_default();
        ensure!(asked.contains("istio-egressgateway-0/portforward"), "no port-forward yet");
        Ok(())
    })?;
    running.signal(Signal::INT)?;
    let ended = running.end()?;
    drop(paused);
    ended.expect(130, &["interrupted"])?;
    ended.says(&[
        "√ EG034",
        "√ EG061",
        "istio-egressgateway-0 in namespace istio-system could not be read",
    ])?;
    ensure!(!ended.stdout.contains("√ EG028"), "{}", ended.stdout);
    nothing_left(mesh)
}

fn interrupted_while_reading(mesh: &Mesh) -> anyhow::Result<()> {
    let server = mesh.bed().faulty_api_server(Fault::StallAfter(6_000))?;
    let running = mesh.start(User::Admin, &[&DIAGNOSE[..], &["--server", &server.url()]].concat())?;
    eventually("the server to stand still", LIMIT, || {
        ensure!(server.faults() > 0, "it still answers");
        Ok(())
    })?;
    running.signal(Signal::INT)?;
    let ended = running.end()?;
    ended.expect(130, &["interrupted", "there is no result"])?;
    ensure!(ended.stdout.is_empty(), "{}", ended.stdout);
    nothing_left(mesh)
}

fn refused(mesh: &Mesh) -> anyhow::Result<()> {
    let ended = through(mesh, Fault::Refuse)?;
    ended.expect(5, &["error: ", "hint: "])?;
    ensure!(ended.stdout.is_empty(), "{}", ended.stdout);
    nothing_left(mesh)
}

/// Wherever the cut falls, nothing is said to be good that was not seen.
fn cut(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    for bytes in [1_000, 6_000, 20_000, 60_000] {
        let ended = through(mesh, Fault::CutAfter(bytes))?;
        ensure!(
            [0, 5, 8].contains(&ended.code),
            "cut after {bytes}: exit code {}: {}",
            ended.code,
            ended.stderr
        );
        match ended.code {
            // What was cut was asked again, and came.
            0 => ensure!(ended.stdout.contains("√ EG028"), "cut after {bytes}: {}", ended.stdout),
            5 => ended.expect(5, &["error: ", "hint: "])?,
            _ => ended.says(&["could not be read"])?,
        }
        nothing_left(mesh)?;
    }
    Ok(())
}

fn stalled(mesh: &Mesh) -> anyhow::Result<()> {
    let ended = through(mesh, Fault::StallAfter(6_000))?;
    ended.expect(5, &["error: ", "hint: "])?;
    nothing_left(mesh)
}

fn through(mesh: &Mesh, fault: Fault) -> anyhow::Result<Ended> {
    let server = mesh.bed().faulty_api_server(fault)?;
    let ended = mesh.plugin(&[&DIAGNOSE[..], &["--server", &server.url(), PATIENCE]].concat())?;
    ensure!(server.faults() > 0, "no connection met {fault:?}: {}", ended.stdout);
    Ok(ended)
}

/// Of a diagnosis that ended the API server holds no port-forward, and the machine no process.
fn nothing_left(mesh: &Mesh) -> anyhow::Result<()> {
    let pages = mesh.bed().kubectl(&["get", "--raw=/metrics"])?;
    let open = pages.lines().filter(|line| {
        line.starts_with("apiserver_longrunning_requests")
            && line.contains("portforward")
            && !line.ends_with(" 0")
    });
    let open: Vec<&str> = open.collect();
    ensure!(open.is_empty(), "still open: {open:?}");
    let name = super::harness::program()?;
    let left = fs::read_dir("/proc")?.flatten().filter(|process| {
        fs::read_link(process.path().join("exe"))
            .is_ok_and(|program| Some(program) == fs::canonicalize(&name).ok())
    });
    let left: Vec<_> = left.map(|process| process.file_name()).collect();
    ensure!(left.is_empty(), "still there: {left:?}");
    Ok(())
}

impl Ended {
    /// It said each of these words on stdout, whatever the lines.
    fn says(&self, words: &[&str]) -> anyhow::Result<()> {
        let said: String = self.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            ensure!(said.contains(words), "expected {words:?} on stdout, found {}", self.stdout);
        }
        Ok(())
    }
}
