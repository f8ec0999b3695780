//! `kubectl egress diagnose -f`: how it is run, and the codes it finds.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Exit codes of a run that came to its end: nothing wrong, findings, and facts that the files do not hold.
pub(super) const CODES: &[i32] = &[0, 1, 8];

/// The command that diagnoses a file and nothing else.
pub(super) fn command(plugin: &Path, file: &Path, asked: &[String]) -> Command {
    let mut command = Command::new(plugin);
    command.arg("diagnose").args(asked).args([OsStr::new("-f"), file.as_os_str()]);
    if !asked.iter().any(|word| word == "-n") {
        command.arg("-A");
    }
    command.env("KUBECONFIG", "/dev/null");
    command
}

/// The codes that it finds in a file.
pub(super) fn codes(plugin: &Path, file: &Path, asked: &[String]) -> anyhow::Result<BTreeSet<String>> {
    let mut command = command(plugin, file, asked);
    let output = command.args(["-o", "json"]).stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    let ended = output.status.code().is_some_and(|code| CODES.contains(&code));
    ensure!(ended, "{command:?} ended with {}: {}", output.status, words.trim());
    let report: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?}: {}", words.trim()))?;
    codes_of(&report)
}

fn codes_of(report: &Value) -> anyhow::Result<BTreeSet<String>> {
    let findings = report["findings"].as_array().context("a diagnosis without `findings`")?;
    let code =
        |finding: &Value| finding["code"].as_str().map(str::to_owned).context("a finding without a code");
    findings.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_of_another_form_is_no_clean_bill() {
        let report = json!({ "findings": [{ "code": "EG014" }], "checks": [{ "code": "EG001" }] });
        assert_eq!(codes_of(&report).unwrap(), BTreeSet::from(["EG014".to_owned()]));
        assert!(codes_of(&json!({ "sections": [] })).is_err());
        assert!(codes_of(&json!({ "findings": [{}] })).is_err());
    }
}
