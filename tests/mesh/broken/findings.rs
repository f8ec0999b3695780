//! What a diagnosis of the mesh found, read from its JSON.
//!
//! Knows the JSON; knows nothing of what it should say beside what the case says.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde_json::Value;

use super::{super::harness::Mesh, calls::Fate, case::Case};

/// The findings of one diagnosis, and the code that it ended with.
pub(super) struct Findings {
    exit: i32,
    all: Vec<Value>,
    /// What could not be looked at.
    unread: String,
    /// Whether the mesh has hosts of a kind that no diagnosis follows.
    not_walked: bool,
}

impl Findings {
    pub(super) fn of(mesh: &Mesh, case: &Case) -> anyhow::Result<Self> {
        let words = case.diagnose.split_whitespace();
        let arguments: Vec<&str> = ["diagnose"].into_iter().chain(words).chain(["-o", "json"]).collect();
        let ended = mesh.plugin(&arguments)?;
        ensure!([0, 1, 8].contains(&ended.code), "exit code {}: {}", ended.code, ended.stderr);
        let document = ended.json()?;
        let all = document["findings"].as_array().cloned().unwrap_or_default();
        let checks = document["sections"].as_array().into_iter().flatten();
        let checks = checks.flat_map(|section| section["checks"].as_array().into_iter().flatten());
        let unread: Vec<_> = checks.filter(|check| check["reason"] == "unreadable").collect();
        let mut hosts = document["notWalked"].as_array().into_iter().flatten();
        let not_walked =
            hosts.any(|host| !["noGateway", "noCaller"].map(Value::from).contains(&host["reason"]));
        Ok(Self { exit: ended.code, all, unread: format!("{unread:?}"), not_walked })
    }

    /// The cause is found at its level, and no error beside it.
    pub(super) fn expect_cause(&self, case: &Case) -> anyhow::Result<()> {
        let is_error = case.level == "error";
        let mut wanted = BTreeSet::from_iter(is_error.then_some(case.finds.as_str()));
        wanted.extend(case.beside.iter().map(String::as_str));
        let errors = self.codes_at("error");
        ensure!(errors == wanted, "expected the errors {wanted:?}, found {}", self.told());
        let (codes, level) = (self.codes_at(&case.level), &case.level);
        ensure!(
            codes.contains(case.finds.as_str()),
            "expected {} as {level}, found {}",
            case.finds,
            self.told()
        );
        let expected = if is_error { 1 } else { self.without_errors() };
        ensure!(self.exit == expected, "expected exit code {expected}, found {}", self.exit);
        Ok(())
    }

    /// What it says of traffic is what traffic did.
    pub(super) fn expect_consequence(&self, case: &Case) -> anyhow::Result<()> {
        let said: Vec<&str> =
            self.causes(case).filter_map(|finding| finding["consequence"].as_str()).collect();
        let said = said.join("\n");
        for call in &case.calls {
            // For TLS a refusal is a reset.
            if call.broken == Fate::Refused && call.is_tls() && said.contains("reset") {
                continue;
            }
            let word = match call.broken {
                _ if call.told.is_some() => call.told.as_deref().unwrap_or_default(),
                Fate::Gateway => continue,
                Fate::Direct => "directly",
                Fate::Refused => "refused",
                Fate::Reset => "reset",
                Fate::Hangs => "hang",
                Fate::Status(status) => &status.to_string(),
            };
            ensure!(said.contains(word), "a call came to {:?}, and the finding says {said:?}", call.broken);
        }
        Ok(())
    }

    /// The commands that were printed for the cause, each once.
    pub(super) fn fixes(&self, case: &Case) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        for command in self.causes(case).filter_map(|finding| finding["fix"]["command"].as_str()) {
            if !commands.iter().any(|known| known == command) {
                commands.push(command.to_owned());
            }
        }
        commands
    }

    /// The cause is gone, and no error is left. What a mesh is warned of that has nothing to do with the case stays.
    pub(super) fn expect_clean(&self, case: &Case) -> anyhow::Result<()> {
        let left: Vec<_> =
            self.all.iter().filter(|it| it["level"] == "error" || it["code"] == *case.finds).collect();
        ensure!(left.is_empty(), "expected no finding, found {left:#?}");
        let expected = self.without_errors();
        ensure!(self.exit == expected, "expected exit code {expected}, found {}: {}", self.exit, self.unread);
        Ok(())
    }

    /// All findings, in short.
    fn told(&self) -> String {
        let line = |it: &Value| format!("{} {}: {}", it["level"], it["code"], it["message"]);
        self.all.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn causes(&self, case: &Case) -> impl Iterator<Item = &Value> {
        self.all.iter().filter(|finding| finding["code"] == *case.finds)
    }

    /// How a diagnosis ends that found no error.
    fn without_errors(&self) -> i32 {
        if self.not_walked { 8 } else { 0 }
    }

    fn codes_at(&self, level: &str) -> BTreeSet<&str> {
        let here = self.all.iter().filter(|finding| finding["level"] == *level);
        here.filter_map(|finding| finding["code"].as_str()).collect()
    }
}
