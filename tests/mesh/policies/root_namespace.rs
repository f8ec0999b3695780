//! The mesh's root namespace is found or asked for: policies that nobody finds allow nothing.

use testbed::bed::User;

use super::super::harness::{Configured, Mesh};

const NAMESPACE: &str = "istio-system";
const GITHUB: [&str; 4] = ["add", "api.github.com", "-n", "shop"];

/// A second revision's configuration, with another root namespace; it goes when this is dropped.
struct Revision<'a>(&'a Mesh);

/// The role of everybody, without the right to read the mesh's configuration.
struct Hidden<'a>(&'a Mesh);

pub(super) fn root_namespace(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, "settings: {deny: [\"*.github.com\"]}")?;
    let denied = ["host-denied", "nothing was written"];
    mesh.refuses(User::ShopEditor, &GITHUB, 4, &denied)?;
    let named = |root: &'static str| [&GITHUB[..], &["--root-namespace", root]].concat();
    // Nobody gets around the policies by naming a namespace that has none.
    mesh.refuses(User::Admin, &named("shop"), 9, &["`--root-namespace` names shop, and configmap/istio"])?;
    {
        let _hidden = Hidden::new(mesh)?;
        let words = ["root namespace", "could not be read", "`--root-namespace NAME`"];
        mesh.refuses(User::ShopEditor, &GITHUB, 9, &words)?;
        mesh.refuses(User::ShopEditor, &named(NAMESPACE), 4, &denied)?;
    }
    let _revision = Revision::new(mesh)?;
    let words = ["the mesh has several", "configmap/istio-canary in namespace istio-system says elsewhere"];
    mesh.refuses(User::Admin, &GITHUB, 9, &words)?;
    mesh.refuses(User::Admin, &["audit", "-A"], 9, &words)?;
    mesh.refuses(User::Admin, &named(NAMESPACE), 4, &denied).map(drop)
}

impl<'a> Revision<'a> {
    fn new(mesh: &'a Mesh) -> anyhow::Result<Self> {
        mesh.apply(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-canary, namespace: istio-system}, \
             data: {mesh: 'rootNamespace: elsewhere'}}",
        )?;
        Ok(Revision(mesh))
    }
}

impl Drop for Revision<'_> {
    fn drop(&mut self) {
        let _ = self.0.bed().kubectl(&["delete", "configmap", "istio-canary", "--namespace", NAMESPACE]);
    }
}

impl<'a> Hidden<'a> {
    fn new(mesh: &'a Mesh) -> anyhow::Result<Self> {
        readable(mesh, r#"["kubectl-egress-policy"]"#)?;
        Ok(Hidden(mesh))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = readable(self.0, r#"["kubectl-egress-policy", "istio"]"#);
    }
}

/// Lets everybody read these ConfigMaps.
fn readable(mesh: &Mesh, names: &str) -> anyhow::Result<()> {
    let patch = format!(r#"[{{"op": "replace", "path": "/rules/0/resourceNames", "value": {names}}}]"#);
    let role =
        ["patch", "role", "egress-policy-reader", "--namespace", NAMESPACE, "--type=json", "--patch", &patch];
    mesh.bed().kubectl(&role).map(drop)
}
