//! One file of tests: which policy, its settings, and the cases.
//!
//! Knows the keys of the file. `run` runs the cases.

use std::collections::BTreeMap;

use egress_core::typed::or_default;
use egress_core::yaml::{self, LocatedError, YamlLimits};
use egress_policy::settings::canonical;
use serde::Deserialize;
use serde_json::Value;

use super::expect::Expect;
use super::request::RequestText;

/// A parsed file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestFile {
    /// The module, relative to the file.
    pub policy: String,
    /// The settings of every case that has none of its own.
    #[serde(default)]
    pub settings: Option<Value>,
    /// Files with objects of a cluster, by the name that requests use: `$nodes`.
    #[serde(default, deserialize_with = "or_default")]
    pub fixtures: BTreeMap<String, String>,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One request and the expected answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// Its name, a sentence.
    pub name: String,
    /// Settings of this case alone.
    #[serde(default)]
    pub settings: Option<Value>,
    /// The request.
    #[serde(deserialize_with = "or_default")]
    pub request: RequestText,
    /// The expected answers.
    #[serde(default)]
    pub expect: Option<Expect>,
}

impl TestFile {
    /// Reads a file of tests.
    pub fn parse(text: &str) -> Result<Self, LocatedError> {
        yaml::located(text, YamlLimits::default())
    }

    /// The settings that a case is asked with, as canonical JSON.
    pub fn settings_of(&self, case: &Case) -> String {
        let settings = case.settings.as_ref().or(self.settings.as_ref());
        settings.map_or_else(|| "{}".to_owned(), canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        TestFile::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read() {
        let file = TestFile::parse(
            "policy: a.wasm\nsettings: {b: 1, a: [x]}\ncases:\n- name: one\n  request: {}\n  expect: {decision: deny}\n",
        )
        .unwrap();
        assert_eq!(file.settings_of(&file.cases[0]), r#"{"a":["x"],"b":1}"#);
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place() {
        assert_eq!(
            refusal("policy: a.wasm\ncases:\n- name: one\n  request: {}\n  expects: {}\n"),
            "line 5, column 3: expected `name`, `settings`, `request` or `expect`, found the field `expects`; did you mean `expect`?"
        );
        assert!(
            refusal("policy: a\ncases:\n- name: x\n  request:\n    destinations: [{host: a, prt: 1}]\n")
                .starts_with("line 5, column 30: expected `host`, `port`"),
        );
        assert_eq!(
            refusal("policy: a\ncases:\n- name: x\n  request: {}\n  expect: {max-fuel: 2x}\n"),
            "line 5, column 22: expected an amount of fuel such as 41000, 200k or 2M, found `2x`"
        );
    }

    #[test]
    fn settings_of_a_case_stand_in_for_those_of_the_file() {
        let text = "policy: a\nsettings: {a: 1}\ncases: [{name: x, settings: {}, request: {}}]";
        let file = TestFile::parse(text).unwrap();
        assert_eq!(file.settings_of(&file.cases[0]), "{}");
    }
}
