//! What stands in the way is found before anything is written, and named with object and field. Each test has the same
//! object in a shape that is in nobody's way.

use anyhow::ensure;
use testbed::bed::User;

use super::harness::{GATEWAYS, LIMIT, Mesh, SHOP, Test, eventually};

pub(crate) const TESTS: &[Test] = &[
    ("a_plaintext_server_on_the_port_of_the_pair", plaintext_server),
    ("a_rule_that_hides_the_subset_from_the_callers", hidden_subset),
    ("other_routes_of_the_host", other_routes),
    ("a_sidecar_that_is_closed", closed_sidecar),
    ("a_name_that_is_taken", taken_name),
    ("an_entry_of_someone_else_is_a_warning", foreign_entry),
    ("an_entry_of_someone_else_is_refused_in_the_documented_layout", foreign_entry_documented),
    ("other_ports_of_a_host_at_the_same_gateway", other_ports),
    ("a_service_that_has_the_name_of_the_host", kubernetes_service),
    ("what_controllers_write_meanwhile_is_no_conflict_but_a_change_is", written_meanwhile),
];

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

fn plaintext_server(mesh: &Mesh) -> anyhow::Result<()> {
    let server = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: old, namespace: billing}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [www.example.test]}]
";
    let words = [
        "gateway/old in namespace billing",
        "spec.servers[port 80]",
        "hint: try `--layout documented --hop plain`",
    ];
    refused_then_added(mesh, server, &server.replace("number: 80,", "number: 9080,"), &words)?;
    // The Service's port 80 leads to the pods' port 8080.
    mesh.clean()?;
    mesh.apply(&server.replace("number: 80,", "number: 8080,"))?;
    mesh.refuses(User::Admin, &ADD, 7, &["gateway/old in namespace billing", "spec.servers[port 8080]"])?;

    // What the hint says works.
    mesh.clean()?;
    mesh.apply(server)?;
    mesh.done(&[&ADD[..], &["--layout", "documented", "--hop", "plain"]].concat())?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS).map(drop)
}

fn hidden_subset(mesh: &Mesh) -> anyhow::Result<()> {
    let rule = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: gateway-settings, namespace: shop}
spec:
  host: istio-egressgateway.istio-system.svc.cluster.local
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 10}}}
";
    let words =
        ["destinationrule/gateway-settings in namespace shop", "spec.host", "hides the subset `mesh`"];
    refused_then_added(mesh, rule, &rule.replace("namespace: shop", "namespace: billing"), &words)
}

fn other_routes(mesh: &Mesh) -> anyhow::Result<()> {
    let routes = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: news, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  http: [{route: [{destination: {host: news.billing.svc.cluster.local}}]}]
";
    let words = ["virtualservice/news in namespace billing", "spec.hosts", "exportTo"];
    refused_then_added(mesh, routes, &routes.replace("spec:", "spec:\n  exportTo: ['.']"), &words)
}

fn closed_sidecar(mesh: &Mesh) -> anyhow::Result<()> {
    let sidecar = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: [istio-system/*]}]
";
    let words = ["sidecar/default in namespace shop", "spec.egress", "hint: add `shop/edition.cnn.com`"];
    let open = sidecar.replace("istio-system/*", "istio-system/*, shop/edition.cnn.com");
    refused_then_added(mesh, sidecar, &open, &words)
}

fn taken_name(mesh: &Mesh) -> anyhow::Result<()> {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: edition-cnn-com, namespace: shop}
spec:
  hosts: [www.example.test]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
";
    let words =
        ["serviceentry/edition-cnn-com in namespace shop", "metadata.name", "not made by this plugin"];
    refused_then_added(mesh, entry, &entry.replace("name: edition-cnn-com", "name: www"), &words)
}

const ENTRY: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: cnn, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
";

fn foreign_entry(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(ENTRY)?;
    eventually("the entry to open the direct way", LIMIT, || mesh.expect_direct(SHOP, HTTPS))?;
    let warned = mesh.plugin(&ADD)?;
    warned.expect(
        0,
        &["warning: serviceentry/cnn in namespace billing (spec.exportTo)", "can leave directly"],
    )?;
    mesh.expect_via_gateway(SHOP, HTTPS)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    let warned = mesh.plugin(&["remove", "edition.cnn.com", "-n", "shop"])?;
    warned.expect(0, &["serviceentry/cnn in namespace billing", "directly"])
}

fn foreign_entry_documented(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(ENTRY)?;
    let add = [&ADD[..], &["--layout", "documented"]].concat();
    let words = ["serviceentry/cnn in namespace billing", "spec.hosts", "hint: use `--layout shared`"];
    mesh.refuses(User::Admin, &add, 7, &words)?;
    mesh.apply(&ENTRY.replace("spec:", "spec:\n  exportTo: ['.']"))?;
    mesh.done(&add)?;
    mesh.expect_via_gateway(SHOP, HTTPS).map(drop)
}

fn other_ports(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:8443/TLS", "-n", "billing"])?;
    let words = [
        "virtualservice/edition-cnn-com-gateway in namespace billing",
        "8443/TLS",
        "hint: use the same ports",
    ];
    mesh.refuses(User::Admin, &ADD, 7, &words)?;
    mesh.done(&["add", "edition.cnn.com:80", "-n", "shop"])?;
    mesh.expect_via_gateway(SHOP, HTTP).map(drop)
}

fn kubernetes_service(mesh: &Mesh) -> anyhow::Result<()> {
    // Every name below the cluster's domain is refused before the cluster is asked.
    let add = ["add", "istio-egressgateway.istio-system.svc.cluster.local", "-n", "shop"];
    mesh.refuses(User::Admin, &add, 2, &["istio-egressgateway.istio-system.svc.cluster.local", "hint: "])
        .map(drop)
}

/// With the object that is in the way nothing is written; with the one that is not, calls arrive.
fn refused_then_added(mesh: &Mesh, in_the_way: &str, harmless: &str, words: &[&str]) -> anyhow::Result<()> {
    ensure!(in_the_way != harmless, "both are the same");
    mesh.apply(in_the_way)?;
    let refused = mesh.refuses(User::Admin, &ADD, 7, words)?;
    ensure!(
        refused.stderr.contains("error: ") && refused.stderr.contains("\n\nhint: "),
        "{}",
        refused.stderr
    );
    ensure!(mesh.expect_via_gateway(SHOP, HTTP).is_err());

    mesh.clean()?;
    mesh.apply(harmless)?;
    mesh.done(&ADD)?;
    mesh.expect_via_gateway(SHOP, HTTP)?;
    mesh.expect_via_gateway(SHOP, HTTPS).map(drop)
}

/// Kind: a version that moved between the plan and the write. Without the mend the first run ended with 7 as the second.
fn written_meanwhile(mesh: &Mesh) -> anyhow::Result<()> {
    let status = ["--subresource=status", "--patch", r#"{"status": {"observedGeneration": "1"}}"#];
    let hosts = ["--patch", r#"{"spec": {"hosts": ["edition.cnn.com", "www.cnn.com"]}}"#];
    for (patch, code) in [(&status[..], 0), (&hosts[..], 7)] {
        mesh.clean()?;
        mesh.done(&["add", "edition.cnn.com:443/TLS", "-n", "shop"])?;
        let mark = mesh.mark()?;
        let paused = mesh.pause(GATEWAYS[0])?;
        let adding = mesh.start(User::Admin, &ADD)?;
        mesh.until_asked("virtualservices/edition-cnn-com-gateway", mark, LIMIT)?;
        let rule = ["patch", "virtualservice", "edition-cnn-com", "-n", "shop", "--type=merge"];
        mesh.bed().kubectl(&[&rule[..], patch].concat())?;
        drop(paused);
        adding.end()?.expect(code, &[])?;
    }
    Ok(())
}
