//! `istioctl analyze` over files: how it is run, and what its words come to.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Exit codes of a run that came to its end: without errors among its findings, and with.
pub(super) const CODES: &[i32] = &[0, 79];

/// The program, as the bed has it.
pub(super) struct Istioctl(PathBuf);

/// One finding.
#[derive(Debug, Deserialize)]
pub(super) struct IstioctlFinding {
    /// Such as `IST0101`.
    pub(super) code: String,
}

impl Istioctl {
    pub(super) fn new(program: &Path) -> Self {
        Istioctl(program.to_owned())
    }

    /// The command that analyses a file and nothing else. Without `-A` it leaves out most namespaces.
    pub(super) fn command(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["istioctl", "analyze", "--use-kube=false", "-A", "-o", "json"]).arg(file);
        command
    }

    /// What it finds in a file.
    pub(super) fn analyse(&self, file: &Path) -> anyhow::Result<Vec<IstioctlFinding>> {
        let mut command = self.command(file);
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {command:?}"))?;
        let words = String::from_utf8_lossy(&output.stderr);
        let ended = output.status.code().is_some_and(|code| CODES.contains(&code));
        ensure!(ended, "{command:?} ended with {}: {}", output.status, words.trim());
        findings(&String::from_utf8_lossy(&output.stdout))
    }
}

/// Lines of its log may stand before the document.
fn findings(text: &str) -> anyhow::Result<Vec<IstioctlFinding>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('['));
    let document: Vec<&str> = lines.collect();
    serde_json::from_str(&document.join("\n")).with_context(|| format!("istioctl said: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_found_behind_the_log() {
        let text = "2026-11-22T23:58:32Z\twarn\tPOD_NAMESPACE {x [y]}\n\n[\n {\"code\": \"IST0101\", \"level\": \"Error\"}\n]\n";
        let codes: Vec<String> = findings(text).unwrap().into_iter().map(|finding| finding.code).collect();

        assert_eq!(codes, ["IST0101"]);
        assert!(findings("2026\tlog\n[]\n").unwrap().is_empty());
        assert!(findings("nothing").is_err());
    }
}
