//! Strict NetworkPolicies. No network plugin runs on the bed: the policies are there for the program to read, and rules of
//! the same meaning in the pods' networks stand in for the plugin.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use anyhow::{Context as _, ensure};

use super::super::harness::{Answer, BARE, GATEWAYS, Mesh, Pod, SHOP};
use super::life::Life;
use super::settings::LIFE;

const POLICIES: &str = include_str!("network_policies.yaml");
const HTTP: &str = "http://edition.cnn.com/";

/// The pod itself, names, istiod, and what else a pod may reach: the meaning of the policies, for `iptables-restore`.
fn rules(ways: &[(String, &str)]) -> String {
    // To itself, which is also where a sidecar's calls are led: their device is still the one of the way out.
    let mut text = "*filter\n-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -d 127.0.0.0/8 -j ACCEPT\n\
                    -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n\
                    -A OUTPUT -d 198.51.100.53 -p udp --dport 53 -j ACCEPT\n\
                    -A OUTPUT -d 198.51.100.53 -p tcp --dport 53 -j ACCEPT\n\
                    -A OUTPUT -d 192.0.2.1 -p tcp -m multiport --dports 15010,15012 -j ACCEPT\n"
        .to_owned();
    text.extend(
        ways.iter()
            .map(|(to, ports)| format!("-A OUTPUT -d {to} -p tcp -m multiport --dports {ports} -j ACCEPT\n")),
    );
    text + "-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n"
}

/// The policies are as strict as they can be, and the egress lives; what goes around the gateway does not.
pub(super) fn strict(mesh: &Mesh) -> anyhow::Result<()> {
    // The control: without the rules of the network both leave directly.
    mesh.expect_direct(BARE, HTTP)?;
    ensure!(around(mesh)?.status.success(), "the proxy's group is captured: this test is blind");
    mesh.apply(POLICIES)?;
    let outcome = enforced(mesh, &[]).and_then(|()| {
        let blocked = mesh.get(BARE, HTTP)?;
        ensure!(matches!(blocked, Answer::Nothing(_)), "a pod without a sidecar got {blocked:?}");
        ensure!(!around(mesh)?.status.success(), "the proxy's group left directly");
        Life { findings: &["EG013", "EG043"], ..LIFE }.lives(mesh)?;
        without_the_gateway(mesh)
    });
    for pod in [SHOP, BARE].into_iter().chain(GATEWAYS) {
        restore(mesh, pod, "*filter\n-F OUTPUT\nCOMMIT\n")?;
    }
    for namespace in ["shop", "istio-system"] {
        mesh.bed().kubectl(&["delete", "networkpolicy", "strict", "--namespace", namespace])?;
    }
    outcome
}

/// Where the policies leave the gateway out, calls fail, and `diagnose` names the policy.
fn without_the_gateway(mesh: &Mesh) -> anyhow::Result<()> {
    let closed = POLICIES.replacen(
        "podSelector: {matchLabels: {istio: egressgateway}}\n    ports",
        "podSelector: {matchLabels: {istio: other}}\n    ports",
        1,
    );
    ensure!(closed != POLICIES, "nothing was closed");
    mesh.apply(&closed)?;
    enforced(mesh, &["192.0.2.99"])?;
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let answer = mesh.get(SHOP, HTTP)?;
    ensure!(
        matches!(answer, Answer::Status(503)),
        "expected that the gateway is not reached, found {answer:?}"
    );
    let found = mesh.plugin(&["diagnose", "edition.cnn.com", "-n", "shop"])?;
    ensure!(found.code != 0, "diagnose has found nothing: {}", found.stdout);
    for words in ["EG096", "networkpolicy/strict"] {
        ensure!(found.stdout.contains(words), "{words} is missing: {}", found.stdout);
    }
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop", "--prune", "-y"]).map(drop)
}

/// Puts the rules into the networks of the callers and of the gateway.
fn enforced(mesh: &Mesh, instead_of_the_gateway: &[&str]) -> anyhow::Result<()> {
    let mut ways = Vec::new();
    for pod in GATEWAYS {
        ways.push((mesh.address(pod)?.to_string(), "8080,8443"));
    }
    if !instead_of_the_gateway.is_empty() {
        ways = instead_of_the_gateway.iter().map(|to| ((*to).to_owned(), "8080,8443")).collect();
    }
    for pod in [SHOP, BARE] {
        restore(mesh, pod, &rules(&ways))?;
    }
    GATEWAYS
        .into_iter()
        .try_for_each(|pod| restore(mesh, pod, &rules(&[("198.51.100.0/24".to_owned(), "80,443")])))
}

fn restore(mesh: &Mesh, pod: Pod, rules: &str) -> anyhow::Result<()> {
    let mut command = mesh.bed().exec_in_pod(pod.namespace, pod.name, "iptables-restore")?;
    let whole = format!("{}{}", "*filter\n-F OUTPUT\nCOMMIT\n", rules);
    let mut child = command.arg("--noflush").stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("no standard input")?.write_all(whole.as_bytes())?;
    ensure!(child.wait()?.success(), "iptables-restore in {pod} failed for\n{whole}");
    Ok(())
}

/// A call of the proxy's own group, which the sidecar does not capture.
fn around(mesh: &Mesh) -> anyhow::Result<Output> {
    let mut kubectl = mesh.bed().command("kubectl");
    kubectl.args(["exec", "-n", SHOP.namespace, SHOP.name, "-c", "istio-proxy", "--"]);
    Ok(kubectl.args(["curl", "--silent", "--fail", "--max-time", "5", HTTP]).output()?)
}
