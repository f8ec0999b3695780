//! Control planes that are installed in other ways than `istioctl install` does without options: beds of their own.

use anyhow::ensure;

use super::super::harness::{Mesh, Pod};
use super::life::{Life, refused};

/// A revision in a namespace of its own, and gateways in another: one with labels of its own, one with port 443 alone, and
/// one with port 8443.
const ELSEWHERE: &str = "
controlPlanes: [{namespace: istio-control, revision: 1-31-stable}]
nodes: [{name: infra-1}, {name: app-1}]
gateways:
- {namespace: egress, name: way-out, labels: {app: way-out, istio: way-out}, pods: [{node: infra-1}]}
- namespace: egress
  name: tls-out
  labels: {app: tls-out, istio: egressgateway, way: tls}
  ports: [{name: https, port: 443, targetPort: 8443}]
  pods: [{node: infra-1}]
- namespace: egress
  name: odd-out
  labels: {app: odd-out, istio: egressgateway, way: odd}
  ports: [{name: https, port: 8443, targetPort: 8443}]
  pods: [{node: infra-1}]
clients: [{namespace: shop, name: client, node: app-1}]
";

/// Two revisions of one mesh: the gateway and `shop` at the first, `billing` at the second.
const TWO: &str = "
controlPlanes: [{namespace: istio-system, revision: default}, {namespace: istio-system, revision: canary}]
nodes: [{name: infra-1}, {name: app-1}]
gateways: [{namespace: istio-system, name: istio-egressgateway, pods: [{node: infra-1}]}]
clients:
- {namespace: shop, name: client, node: app-1}
- {namespace: billing, name: client, node: app-1, revision: canary}
";

const SHOP: Pod = Pod { namespace: "shop", name: "client" };
const BILLING: Pod = Pod { namespace: "billing", name: "client" };
const BOTH: [&str; 2] = ["http://edition.cnn.com/", "https://edition.cnn.com/"];
/// No NetworkPolicy, and no PodDisruptionBudget.
const OF_THE_BED: [&str; 2] = ["EG018", "EG043"];
/// Gateways without the ports 80 and 443 are told, by whichever a host goes.
const WITHOUT_PORTS: [&str; 3] = ["EG002", "EG018", "EG043"];

/// Installed by revision, with gateways of the platform's own making: each carries what its Service has a port for, and
/// `add` refuses the rest.
pub(super) fn elsewhere(mesh: &Mesh) -> anyhow::Result<()> {
    let mesh = &mesh.beside("rev", &ELSEWHERE.parse()?)?;
    let lives = |pod: &'static str, request: &[&str], urls: &[&str]| {
        let gateways = [Pod { namespace: "egress", name: pod }];
        Life { caller: SHOP, gateways: &gateways, request, urls, findings: &WITHOUT_PORTS }.lives(mesh)
    };
    let add = |gateway: &'static str| ["add", "edition.cnn.com", "-n", "shop", "--gateway", gateway];

    // Without a name it is one of two with Istio's own label; the third is found by its name alone.
    refused(
        mesh,
        &["add", "edition.cnn.com", "-n", "shop"],
        2,
        &["found 2: egress/odd-out, egress/tls-out"],
    )?;
    lives("way-out-0", &["edition.cnn.com", "--gateway", "egress/way-out"], &BOTH)?;

    refused(
        mesh,
        &add("egress/tls-out"),
        2,
        &["Service `egress/tls-out` has no port 80, which HTTP hosts need"],
    )?;
    lives("tls-out-0", &["edition.cnn.com:443", "--gateway", "egress/tls-out"], &BOTH[1..])?;

    refused(mesh, &add("egress/odd-out"), 2, &["Service `egress/odd-out` has no port"])?;
    let tls = ["add", "edition.cnn.com:443", "-n", "shop", "--gateway", "egress/odd-out"];
    refused(mesh, &tls, 2, &["Service `egress/odd-out` has no port 443, which TLS hosts need"])
}

/// In the middle of an upgrade: callers of both revisions use the gateway of the older.
pub(super) fn two_revisions(mesh: &Mesh) -> anyhow::Result<()> {
    let mesh = &mesh.beside("two", &TWO.parse()?)?;
    for (istiod, proxies) in [("istiod", 2), ("istiod-canary", 1)] {
        let mut curl = mesh.bed().command("curl");
        curl.args(["--silent", "--fail", "--max-time", "5"]);
        let output = curl.arg(format!("http://{istiod}.istio-system.svc:15014/metrics")).output()?;
        let metrics = String::from_utf8(output.stdout)?;
        let connected = metrics.lines().find(|line| line.starts_with("pilot_xds{")).unwrap_or("");
        ensure!(connected.ends_with(&format!(" {proxies}")), "{istiod} has not {proxies}: {connected:?}");
    }
    let gateways = [Pod { namespace: "istio-system", name: "istio-egressgateway-0" }];
    for caller in [SHOP, BILLING] {
        let life = Life {
            caller,
            gateways: &gateways,
            request: &["edition.cnn.com"],
            urls: &BOTH,
            findings: &OF_THE_BED,
        };
        life.lives(mesh)?;
    }
    Ok(())
}
