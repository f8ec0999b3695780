//! Cases as their authors write them, against a policy in Rust.

use std::collections::BTreeMap;

use egress_policy::descriptor::Hook;
use egress_render::palette::Palette;

use super::coverage::Coverage;
use super::fake::Fake;
use super::file::TestFile;
use super::report::{FileReport, PolicyReport, TestReport};
use super::run::{CaseReport, run};
use super::{junit, matrix};
use egress_policy::Policy;

fn report(policy: &Fake, case: &str) -> CaseReport {
    let file = TestFile::parse(&format!("policy: a.wasm\ncases:\n- name: one\n{case}")).unwrap();
    let case = &file.cases[0];
    let request = case.request.resolve(&BTreeMap::new()).unwrap();
    run(policy, case, request, &file.settings_of(case))
}

fn problems(case: &str) -> Vec<String> {
    report(&Fake::with_hooks(Hook::ALL), case).problems
}

const REQUEST: &str = "  request: {destinations: [{host: bad.example.com}], nodes: [{name: a, labels: {infra: ''}}, {name: b}]}\n";

#[test]
fn a_case_that_is_met_has_no_problems() {
    let expect = "  expect:
    decision: deny
    routes: [passthrough]
    layouts: []
    findings: [{code: bad-host, severity: deny, path: 'destinations[0].host', message: /bad$/, remediation: call another host}]
    names: {mesh-leg: x-mesh-leg, client: {name: x-client, labels: {team: web}}}
    pin: {matches: [a], required: [{key: infra, operator: Exists}]}
    max-fuel: 2k
";
    assert_eq!(problems(&format!("{REQUEST}{expect}")), Vec::<String>::new());
}

#[test]
fn every_difference_is_told() {
    let expect = "  expect:
    decision: allow
    findings: [{code: bad-host, message: /good/}, {code: other}]
    names: {mesh-leg: other, nothing: z}
    pin: {matches: [a, b]}
    max-fuel: 1k
";
    assert_eq!(
        problems(&format!("{REQUEST}{expect}")),
        [
            "decision: expected allow of bad.example.com:443, found deny",
            "findings: bad-host: message: expected /good/, found `this host is bad`",
            "findings: expected other, found none",
            "names: mesh-leg: expected `other`, found `x-mesh-leg`",
            "names: there is no object `nothing` in this request",
            "pin: matches: expected [a, b], found [a]",
            "max-fuel: expected at most 1000, used 1234",
        ]
    );
}

#[test]
fn no_finding_may_be_left_over() {
    let text = format!("{REQUEST}  expect: {{findings: []}}\n");
    assert_eq!(problems(&text), ["findings: unexpected bad-host (deny): this host is bad"]);
}

#[test]
fn a_policy_that_could_not_decide_is_a_problem_unless_it_was_expected() {
    let request = "  request: {}\n";
    let fault = "it did not get `nodes`";
    assert_eq!(
        problems(&format!("{request}  expect: {{}}\n")),
        [format!("the policy could not decide: {fault}")]
    );
    assert_eq!(problems(&format!("{request}  expect: {{fault: /did not get/}}\n")), Vec::<String>::new());
    assert_eq!(
        problems(&format!("{request}  expect: {{fault: crashed}}\n")),
        [format!("fault: expected `crashed`, found `{fault}`")]
    );
    assert_eq!(
        problems(&format!("{REQUEST}  expect: {{fault: crashed}}\n")),
        ["fault: expected `crashed`, but the policy could decide"]
    );
}

#[test]
fn wrong_settings_are_a_fault_with_findings() {
    let case = "  settings: {a: 1}\n  request: {}\n  expect: {fault: /settings/, findings: [{code: bad-settings}]}\n";
    assert_eq!(problems(case), Vec::<String>::new());
}

#[test]
fn a_policy_that_is_not_asked_about_removals_abstains() {
    let case =
        "  request: {verb: remove, destinations: [{host: bad.example.com}]}\n  expect: {decision: abstain}\n";
    assert_eq!(problems(case), Vec::<String>::new());
}

#[test]
fn an_answer_must_be_the_same_every_time() {
    let case =
        format!("{REQUEST}  expect: {{decision: deny}}\n").replace("bad.example.com", "good.example.com");
    let wavering = Fake { wavers: true, ..Fake::default() };
    assert!(
        report(&wavering, &case)
            .problems
            .contains(&"the second run of the same request got another answer".to_owned())
    );
    let by_node = Fake { by_first_node: true, ..Fake::default() };
    assert!(
        report(&by_node, &case)
            .problems
            .contains(&"the answer changes with the order of the nodes".to_owned())
    );
}

#[test]
fn rules_that_no_case_produced_are_told_and_fail_where_that_is_required() {
    let policy = Fake::default();
    let case = report(&policy, &format!("{REQUEST}  expect: {{decision: deny, max-fuel: 2k}}\n"));
    let coverage = Coverage::of(policy.descriptor(), [&case]);
    let mut report = TestReport {
        files: vec![FileReport {
            path: "tests/a.yaml".to_owned(),
            policy: "a.wasm".to_owned(),
            cases: vec![case],
        }],
        policies: vec![PolicyReport { id: "fake".to_owned(), version: "1.0.0".to_owned(), coverage }],
        require_coverage: false,
    };
    assert!(report.passed());
    assert_eq!(
        report.text(&Palette::plain()),
        "tests/a.yaml\n  ok  one  1234 fuel\n\nfake 1.0.0: 1 of 3 rules covered; no case: bad-settings, never\n1 passed, 0 failed\n"
    );
    let schema = serde_json::from_str(include_str!("../../../docs/schema/policy-test.json")).unwrap();
    jsonschema::validate(&schema, &report.document()).unwrap();
    report.require_coverage = true;
    assert!(!report.passed());
    assert!(junit::text(&report).unwrap().contains("no case produces `never`"));
}

#[test]
fn junit_has_one_suite_for_each_file_and_quotes_what_xml_would_read() {
    let case = report(&Fake::default(), &format!("{REQUEST}  expect: {{findings: [{{code: '<&\"'}}]}}\n"));
    let files =
        vec![FileReport { path: "tests/a.yaml".to_owned(), policy: "a.wasm".to_owned(), cases: vec![case] }];
    let text = junit::text(&TestReport { files, ..TestReport::default() }).unwrap();
    assert_eq!(
        text,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="tests/a.yaml" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="tests/a.yaml" name="one">
      <failure message="findings: expected &lt;&amp;&quot;, found none">findings: expected &lt;&amp;&quot;, found none
findings: unexpected bad-host (deny): this host is bad</failure>
    </testcase>
  </testsuite>
</testsuites>
"#
    );
}

#[test]
fn two_versions_differ_where_their_answers_do() {
    let request = report(&Fake::default(), &format!("{REQUEST}  expect: {{}}\n")).request;
    let (old, new) = (Fake::default(), Fake::with_hooks([Hook::Hosts, Hook::Pinning]));
    let differences = matrix::differences((&old, &new), ("a.yaml", "one"), &request, "{}");
    let told: Vec<_> = differences.iter().map(|one| (one.what, one.old.as_str(), one.new.as_str())).collect();
    assert_eq!(told, [("pin", "", "a")]);
}
