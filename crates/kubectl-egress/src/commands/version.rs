//! `version`: prints the plugin's version. Contacts no cluster.

use std::env::consts::{ARCH, OS};

use serde_json::json;

use super::document;
use crate::exit::Code;
use crate::settings::version::Version;
use crate::terminal::Terminal;

/// Prints the version.
pub fn run(settings: &Version, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let platform = format!("{}/{}", go_name(OS), go_name(ARCH));
    let answer = json!({
        "apiVersion": "kubectl-egress.github.io/v1alpha1",
        "kind": "Version",
        "version": version,
        "platform": platform,
    });
    let text = match &settings.output {
        None => format!("kubectl-egress {version} {platform}\n"),
        Some(format) => document::text(&answer, format)?,
    };
    terminal.result(&text)?;
    Ok(Code::Done)
}

/// kubectl and krew use Go's names for platforms.
fn go_name(word: &str) -> &str {
    match word {
        "macos" => "darwin",
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
