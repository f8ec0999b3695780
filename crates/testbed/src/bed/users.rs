//! The people and programs that speak to the API server: their tokens and kubeconfigs.
//!
//! What they may do is in `tests/bed/access.yaml`; this file only says who they are.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use clap::ValueEnum;
use serde_json::json;

use super::layout::{BedLayout, CONTROL_PLANE};

/// Somebody with a kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum User {
    /// May do everything.
    Admin,
    /// May edit Istio's networking objects in the namespace `shop` and look into its pods; nothing elsewhere.
    ShopEditor,
    /// May edit Istio's networking objects everywhere and look into all pods.
    Platform,
    /// May read.
    Viewer,
    /// Is known, and may do nothing.
    Nobody,
    /// Has a token that the API server does not accept.
    Expired,
}

impl User {
    fn groups(self) -> &'static str {
        if self == Self::Admin { ADMINISTRATORS } else { "" }
    }
}

impl fmt::Display for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Admin => "admin",
            Self::ShopEditor => "shop-editor",
            Self::Platform => "platform",
            Self::Viewer => "viewer",
            Self::Nobody => "nobody",
            Self::Expired => "expired",
        })
    }
}

const ADMINISTRATORS: &str = "system:masters";
/// The programs that speak to the API server, told apart in its audit log.
const PROGRAMS: [&str; 2] = ["kube-controller-manager", "istiod"];

/// The name of the file of tokens in the bed's folder.
pub(super) const TOKENS: &str = "tokens.csv";

/// Writes the tokens for the API server and a kubeconfig for everybody.
pub(super) fn create(layout: &BedLayout, authority: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(layout.file("kubeconfig"))?;
    let people = User::value_variants().iter().map(|user| (user.to_string(), user.groups(), *user));
    let programs = PROGRAMS.map(|program| (program.to_owned(), ADMINISTRATORS, User::Admin));
    let mut tokens = String::new();
    for (name, groups, user) in people.chain(programs) {
        if user != User::Expired {
            writeln!(tokens, "{name}-token,{name},{name},\"{groups}\"")?;
        }
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bed", "cluster": {
                "server": format!("https://{CONTROL_PLANE}:6443"),
                "certificate-authority": authority,
            }}],
            "users": [{"name": name, "user": {"token": format!("{name}-token")}}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": name}}],
            "current-context": "bed",
        });
        fs::write(layout.file("kubeconfig").join(&name), format!("{kubeconfig:#}\n"))?;
    }
    Ok(fs::write(layout.file(TOKENS), tokens)?)
}
