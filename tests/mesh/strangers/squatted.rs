//! The name of an upstream is taken by another namespace before the egress is made.
//!
//! The squatter's address is told apart by its ports: it sends what it gets to 8080 and 8443 of the origin.

use std::{thread, time::Duration};

use anyhow::ensure;
use testbed::bed::User;

use super::super::harness::{LIMIT, Mesh, SHOP, eventually};

const ADD: [&str; 4] = ["add", "edition.cnn.com", "-n", "shop"];
const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

/// An entry of `billing` with the name that the upstream entry of `shop` will have.
const SQUATTER: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: squat, namespace: billing}
spec:
  hosts: [edition.cnn.com.shop.egress.internal]
  exportTo: [istio-system]
  location: MESH_EXTERNAL
  resolution: STATIC
  endpoints: [{address: 198.51.100.10, ports: {http: 8080, tls: 8443}}]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
";

/// With kubectl in the place of the plugin every call of `shop` arrives where `billing` wants it.
pub(super) fn control(mesh: &Mesh) -> anyhow::Result<()> {
    let objects = mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--dry-run=client", "-o", "yaml"])?;
    mesh.apply(SQUATTER)?;
    mesh.apply(&objects.stdout)?;
    for (url, port) in [(HTTP, 8080), (HTTPS, 8443)] {
        eventually("the squatter to get the call", LIMIT, || {
            let request = mesh.expect_via_gateway(SHOP, url)?;
            ensure!(request.port == port, "it arrived at port {}", request.port);
            Ok(())
        })?;
    }
    Ok(())
}

/// The plugin refuses before its first write, says who has the name and what to type, and works once that is done.
pub(super) fn refused(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(SQUATTER)?;
    let words = ["serviceentry/squat in namespace billing", "spec.hosts", "kubectl delete serviceentry"];
    mesh.refuses(User::Admin, &ADD, 7, &words)?;
    mesh.delete("serviceentries", "squat", "billing")?;
    mesh.done(&ADD)?;
    for (url, port) in [(HTTP, 80), (HTTPS, 443)] {
        let request = mesh.expect_via_gateway(SHOP, url)?;
        ensure!(request.port == port, "it arrived at port {}", request.port);
    }
    Ok(())
}

/// What `add` needs to look into the gateway's pods, for the editor of `shop`, who may still read nothing of `billing`.
const LOOKS_AT_THE_GATEWAY: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: looks, namespace: istio-system}
rules:
- {apiGroups: [''], resources: [pods, services], verbs: [get, list]}
- {apiGroups: [''], resources: [pods/portforward], verbs: [get, create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: looks, namespace: istio-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: looks}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: shop-editor}]
";

/// Who may not read the squatter's namespace finds no conflict; the gateway's own word on whose cluster it is stops `add`
/// before any caller is sent there. The control is the first test: the same objects by kubectl lead to the squatter.
pub(super) fn unseen(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "api.github.com", "-n", "billing"])?;
    mesh.apply(SQUATTER)?;
    mesh.apply(LOOKS_AT_THE_GATEWAY)?;
    let outcome = stopped(mesh);
    mesh.bed().kubectl(&["delete", "role,rolebinding", "looks", "--namespace=istio-system"])?;
    outcome
}

fn stopped(mesh: &Mesh) -> anyhow::Result<()> {
    let add = [&ADD[..], &["--timeout", "3s", "--settle", "1s"]].concat();
    let words = ["edition.cnn.com.shop.egress.internal", "in namespace billing, not in shop"];
    mesh.plugin_as(User::ShopEditor, &add)?.expect(6, &words)?;
    mesh.expect_refused(SHOP, HTTP)?;
    mesh.expect_refused(SHOP, HTTPS)
}

/// An entry that came too late takes nothing: istiod takes the older one. The next change is refused all the same.
pub(super) fn too_late(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&ADD)?;
    // Times of Kubernetes are whole seconds, and within one the first namespace of the alphabet wins.
    thread::sleep(Duration::from_secs(2));
    mesh.apply(SQUATTER)?;
    mesh.refuses(User::Admin, &ADD, 7, &["serviceentry/squat in namespace billing"])?;
    for (url, port) in [(HTTP, 80), (HTTPS, 443)] {
        let request = mesh.expect_via_gateway(SHOP, url)?;
        ensure!(request.port == port, "it arrived at port {}", request.port);
    }
    Ok(())
}

/// Whatever wrote the objects, `list` does not call them ready.
pub(super) fn listed(mesh: &Mesh) -> anyhow::Result<()> {
    control(mesh)?;
    let row = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?["items"][0].take();
    ensure!(row["state"] == "taken" && row["by"]["name"] == "squat", "{row:#}");
    Ok(())
}
