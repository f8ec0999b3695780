//! Files of tests before and after an update.

use super::*;
use crate::fake::Fake;
use crate::file::TestFile;
use crate::run::run;

/// The text after an update with what the fake policy answers.
fn updated(text: &str) -> String {
    let file = TestFile::parse(text).unwrap();
    let reports: Vec<CaseReport> = file
        .cases
        .iter()
        .map(|case| {
            let request = case.request.resolve(&std::collections::BTreeMap::new()).unwrap();
            run(&Fake::default(), case, request, &file.settings_of(case))
        })
        .collect();
    let cases: Vec<_> = file.cases.iter().map(|case| case.expect.as_ref()).zip(&reports).collect();
    let after = update(text, &cases).unwrap();
    TestFile::parse(&after).unwrap_or_else(|error| panic!("{error}\n{after}"));
    after
}

#[test]
fn only_the_expectation_of_a_failed_case_changes() {
    let text = "\
# Who may call what
policy: a.wasm
cases:
  - name: bad hosts   # the important one
    request: {destinations: [{host: bad.example.com}]}
    expect:
      decision: allow   # no longer so

  # The next case holds.
  - name: good hosts
    expect: {decision: allow}
    request: {destinations: [{host: good.example.com}]}
";
    assert_eq!(
        updated(text),
        "\
# Who may call what
policy: a.wasm
cases:
  - name: bad hosts   # the important one
    request: {destinations: [{host: bad.example.com}]}
    expect:
      decision: deny
      findings:
      - code: bad-host
        severity: deny
        path: destinations[0].host
        remediation: call another host

  # The next case holds.
  - name: good hosts
    expect: {decision: allow}
    request: {destinations: [{host: good.example.com}]}
"
    );
}

#[test]
fn a_case_without_an_expectation_gets_one() {
    let text =
        "policy: a.wasm\ncases:\n- name: one\n  request:\n    destinations:\n    - host: good.example.com\n";
    assert_eq!(updated(text), format!("{text}  expect:\n    decision: allow\n    findings: []\n"));
}

#[test]
fn a_case_in_braces_stays_in_braces() {
    let text = "policy: a.wasm\ncases:\n- {name: ö, request: {destinations: [{host: good.example.com}]}}\n\
                - {name: two, expect: {decision: deny}, request: {destinations: [{host: good.example.com}]}}\n";
    let seen = r#"{"decision":"allow","findings":[]}"#;
    assert_eq!(
        updated(text),
        format!(
            "policy: a.wasm\ncases:\n- {{name: ö, request: {{destinations: [{{host: good.example.com}}]}}, expect: {seen}}}\n\
             - {{name: two, expect: {seen}, request: {{destinations: [{{host: good.example.com}}]}}}}\n"
        )
    );
}
