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
    Ok(codes_of(&report))
}

fn codes_of(report: &Value) -> BTreeSet<String> {
    let all = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let checks = all(report, "sections").into_iter().flat_map(|section| all(&section, "checks"));
    let findings = checks.flat_map(|check| all(&check, "findings"));
    findings.filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_those_of_findings_not_of_checks_that_passed() {
        let report = json!({ "sections": [{ "checks": [
            { "code": "EG001", "result": "passed" },
            { "code": "EG014", "result": "failed", "findings": [{ "code": "EG014" }] },
        ] }] });
        assert_eq!(codes_of(&report), BTreeSet::from(["EG014".to_owned()]));
    }
}
