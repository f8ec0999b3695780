//! What a report looks like.

use std::collections::BTreeSet;
use std::sync::Arc;

use egress_core::command::ShellCommand;
use egress_core::istio::call::Refusal;
use egress_core::port::Port;
use egress_core::unreadable::Unreadable;
use egress_diagnose::calls::{
    CallWay, CallingPod, FollowedCall, OpenedTls, SpokenProtocol, UnfollowedCall, WayHop, WayResult,
};
use egress_diagnose::finding::{Candidates, Confidence, Finding, Fix, Place};
use egress_diagnose::finding::{Cause, CauseScope, HostName};
use egress_diagnose::finding::{Code, Level};
use egress_diagnose::probe::{Probe, ProbePod, ProbePoint, ProbeResult};
use egress_diagnose::report::{
    API_VERSION, CheckVerdict, FactsOrigin, KIND, Line, NotChecked, Reason, Report, Section, Subject, Summary,
};

use super::*;

fn report(verdict: CheckVerdict, findings: Vec<Cause>, summary: Summary) -> Report {
    let line = Line { code: Code(7), name: "the subset exists", verdict };
    let section = Section {
        subject: Subject::Mesh,
        worst: None,
        passed: 0,
        not_checked: 0,
        findings: Vec::new(),
        checks: vec![line],
    };
    Report {
        api_version: API_VERSION,
        kind: KIND,
        summary,
        findings,
        sections: vec![section],
        checks: Vec::new(),
        not_checked: Vec::new(),
        not_walked: Vec::new(),
        skipped: Vec::new(),
        invalid_acceptances: Vec::new(),
        unreadable: Vec::new(),
        probe: None,
        calls: Vec::new(),
        unfollowed: Vec::new(),
        guard: None,
        is_path_asked: false,
        source: FactsOrigin::Files,
    }
}

fn cause(object: Place, affects: &[&str]) -> Cause {
    let host =
        |host: &&str| Arc::new(HostName { host: (*host).to_owned(), namespace: Some("shop".to_owned()) });
    Cause {
        finding: Finding {
            code: Code(7),
            confidence: Confidence::Certain,
            level: Level::Error,
            message: "m\u{1b}[2J".to_owned(),
            object,
            evidence: vec!["e\u{1b}]0;x\u{7}".to_owned()],
            consequence: "c\n\u{1b}".to_owned(),
            fix: Fix {
                command: ShellCommand::new(["k\u{1b}"]),
                why: "w\u{1b}".to_owned(),
                changes: None,
                candidates: Candidates::default(),
            },
        },
        name: "the subset exists",
        scope: CauseScope::Host,
        affects: affects.iter().map(host).collect(),
        not_checked: vec![Code(8)],
        docs: "docs/checks/EG007.md".to_owned(),
        accepted: None,
    }
}

fn plain(report: &Report) -> String {
    text(report, &ReportLayout::of(&Palette::plain()))
}

/// With a line for each check.
fn whole(report: &Report) -> String {
    text(report, &ReportLayout { every_check: true, ..ReportLayout::of(&Palette::plain()) })
}

#[test]
fn a_check_that_was_not_made_has_its_own_mark_and_its_reason() {
    let verdict =
        CheckVerdict::NotChecked { reason: Reason::Unreadable, because: "pods may not be read".to_owned() };
    let text =
        whole(&report(verdict, Vec::new(), Summary { not_checked: 1, unreadable: 1, ..Summary::default() }));
    assert!(text.contains("? EG007 the subset exists: not checked, because pods may not be read"), "{text}");
    assert!(!text.contains('√'), "{text}");
}

#[test]
fn control_characters_of_a_cluster_do_not_reach_the_terminal() {
    let object = Place::new("Pod", Some("n\u{9b}"), "p\r").field("f\u{202e}", "v\u{7}");
    let findings = vec![cause(object, &["h\u{7}"])];
    let report = report(CheckVerdict::Failed { findings: vec![0] }, findings, Summary::default());
    let text = plain(&report);
    assert!(!text.replace('\n', "").contains(crate::escape::is_hidden), "{text:?}");
}

#[test]
fn one_cause_names_a_few_of_the_hosts_it_breaks_and_counts_the_others() {
    let cause = cause(
        Place::new("DestinationRule", Some("shop"), "x"),
        &["a.example", "b.example", "c.example", "d.example", "e.example"],
    );
    let text = plain(&report(CheckVerdict::Failed { findings: vec![0] }, vec![cause], Summary::default()));
    assert!(
        text.contains(
            "    breaks: 5 hosts: a.example (shop), b.example (shop), c.example (shop) and 2\n    more\n"
        ),
        "{text}"
    );
    assert!(text.contains("    not checked because of it: EG008\n"), "{text}");
}

#[test]
fn ten_causes_of_one_check_are_printed_and_the_others_counted() {
    let place = |index: usize| Place::new("DestinationRule", Some("shop"), &format!("rule-{index}"));
    let causes: Vec<Cause> = (0..1_234).map(|index| cause(place(index), &["a.example"])).collect();
    let text = plain(&report(CheckVerdict::Passed { seen: None }, causes, Summary::default()));
    assert_eq!(text.matches("× EG007").count(), 10, "{text}");
    assert!(text.contains("and 1,224 more of EG007"), "{text}");
}

#[test]
fn many_hosts_have_one_line_for_each_result() {
    let host = |worst| Section {
        subject: Subject::Host { host: "h".to_owned(), namespace: None, callers: Vec::new(), gateway: None },
        worst,
        passed: 3,
        not_checked: 0,
        findings: Vec::new(),
        checks: Vec::new(),
    };
    let mut report = report(
        CheckVerdict::Passed { seen: None },
        Vec::new(),
        Summary { hosts: 10_000, ..Summary::default() },
    );
    report.sections.extend((0..9_998).map(|_| host(None)));
    report.sections.extend((0..2).map(|_| host(Some(Level::Error))));
    report.not_checked.push(NotChecked {
        reason: Reason::NoEvidence,
        because: "nobody calls".to_owned(),
        codes: vec![Code(29), Code(31)],
        times: 4,
        hosts: Vec::new(),
        input: None,
        awaited: None,
        missing_permission: None,
    });
    let text = plain(&report);
    assert!(text.contains("× 2 hosts: broken, see above\n√ 9,998 hosts: 3 checks each\n"), "{text}");
    assert!(text.contains("? EG029 EG031: not checked, because nobody calls\n"), "{text}");
    assert!(text.lines().count() < 10, "{text}");
}

#[test]
fn facts_that_one_reason_keeps_unread_are_one_line_in_text_and_summary() {
    let missing = |what: &str, why: &str| Unreadable::new(None, what, why);
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.unreadable =
        vec![missing("nodes", "forbidden"), missing("a.yaml:3", "broken"), missing("services", "forbidden")];
    let lines = "not read: nodes, services: forbidden\nnot read: a.yaml:3: broken\n\n";
    let palette = Palette::plain();
    for told in [plain(&report), summary(&report, &palette, None)] {
        assert!(told.contains(lines), "{told}");
    }
    assert_eq!(document(&report).unwrap()["unreadable"].as_array().unwrap().len(), 3);
}

#[test]
fn checks_that_were_not_made_for_one_reason_are_one_line() {
    let verdict =
        |because: &str| CheckVerdict::NotChecked { reason: Reason::NoEvidence, because: because.to_owned() };
    let mut report = report(verdict("no connection yet"), Vec::new(), Summary::default());
    let line = |code, verdict| Line { code: Code(code), name: "a check", verdict };
    let later = [line(23, CheckVerdict::Passed { seen: None }), line(31, verdict("no connection yet"))];
    report.sections[0].checks.extend(later);
    let told = whole(&report);
    assert_eq!(told.matches("no connection yet").count(), 1, "{told}");
    assert!(told.contains("? EG007 EG031: not checked, because no connection yet\n"), "{told}");
    assert!(told.contains("EG023 a check\n"), "{told}");
}

#[test]
fn the_result_of_a_probe_comes_last_with_its_evidence() {
    let pod = |name: &str, node: &str| ProbePod {
        namespace: "istio-system".to_owned(),
        name: name.to_owned(),
        node: Some(node.to_owned()),
    };
    let verdict = CheckVerdict::Passed { seen: None };
    let mut report = report(verdict, Vec::new(), Summary::default());
    report.probe = Some(Probe {
        host: "edition.cnn.com".to_owned(),
        port: Port::HTTP,
        client: pod("client", "app-1"),
        token: "abc".to_owned(),
        result: ProbeResult::Lost,
        lost_at: Some(ProbePoint::Gateway),
        left_from: None,
        confidence: Confidence::Inferred,
        because: "no pod counted it".to_owned(),
        evidence: vec!["the client got status 404".to_owned()],
        status: Some(404),
    });
    let text = plain(&report);
    let (_, probe) = text.split_once("probe of ").unwrap();
    assert!(probe.starts_with("edition.cnn.com:80/HTTP from pod/client"), "{probe}");
    assert!(probe.contains("× vanished at the gateway: no pod counted it (inferred:"), "{probe}");
    assert!(probe.ends_with("    the client got status 404\n    its mark: abc\n"), "{probe}");
}

#[test]
fn missing_permissions_are_one_line_for_all_kinds() {
    let forbidden = |kind: &str, rest: &str| {
        let why = format!(
            r#"{kind} is forbidden: User "jane" cannot list resource "{kind}" in API group "" at the cluster scope{rest}"#
        );
        Unreadable::new(None, kind, why).outside(BTreeSet::new())
    };
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    let strange = r#": RBAC: clusterrole "x" not found"#;
    report.unreadable = vec![forbidden("pods", ""), forbidden("nodes", ""), forbidden("services", strange)];
    let told = plain(&report);
    let line = "not read: pods in all namespaces, nodes in all namespaces: User \"jane\" cannot\nlist them\n";
    assert!(told.contains(line), "{told}");
    assert!(told.contains("clusterrole"), "{told}");
}

/// A call from this many namespaces, that leaves through a gateway.
fn followed(namespaces: usize) -> FollowedCall {
    let caller = |number| CallingPod { namespace: format!("n\u{1b}{number}"), pod: "p\u{7}".to_owned() };
    let hop = |pods: &[&str]| WayHop {
        pods: pods.iter().map(|pod| (*pod).to_owned()).collect(),
        port: Some(8080),
        server: Some(Place::new("Gateway", Some("n\u{9b}"), "g\u{202e}")),
        route: Some(Place::new("VirtualService", Some("shop"), "v\r")),
        cluster: Some("outbound|80||h\u{1b}[2J".to_owned()),
        service: None,
        rule: None,
        tls: Some(OpenedTls { is_mesh: true, server_name: Some("s\u{1b}".to_owned()) }),
    };
    FollowedCall {
        host: "edition.cnn.com".to_owned(),
        port: 80,
        protocol: SpokenProtocol::Http,
        is_mentioned: true,
        is_ambient: false,
        callers: (0..namespaces).map(caller).collect(),
        ways: vec![CallWay {
            result: WayResult::ThroughGateway,
            summary: "leaves\u{7}".to_owned(),
            gateway: None,
            to: Some("t\u{1b}:80".to_owned()),
            refusal: None,
            because: vec!["b\n\u{1b}".to_owned()],
            may_be_refused_by: vec![Place::new("AuthorizationPolicy", Some("n\u{1b}"), "a\u{7}")],
            hops: vec![hop(&[]), hop(&["g\u{1b}/1", "g/2"])],
        }],
    }
}

#[test]
fn control_characters_on_the_way_of_a_call_do_not_reach_the_terminal() {
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.calls = vec![followed(1)];
    for is_path_asked in [false, true] {
        report.is_path_asked = is_path_asked;
        let text = plain(&report);
        assert!(!text.replace('\n', "").contains(crate::escape::is_hidden), "{text:?}");
    }
}

#[test]
fn callers_whose_calls_take_one_way_are_named_up_to_four_and_counted() {
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.calls = vec![followed(7)];
    report.is_path_asked = true;
    let text = plain(&report);
    assert!(text.contains(" and 3 others (7\n  namespaces)"), "{text}");
    assert_eq!(text.matches("√ HTTP").count(), 1, "{text}");
}

#[test]
fn calls_that_were_not_followed_have_the_reason_and_no_picture() {
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.unfollowed = vec![UnfollowedCall {
        host: "edition.cnn.com".to_owned(),
        namespace: Some("shop".to_owned()),
        port: Some(443),
        because: "pods there are in ambient mode".to_owned(),
        inputs: BTreeSet::new(),
        is_without_caller: false,
    }];
    report.is_path_asked = true;
    let text = plain(&report);
    let line = "? calls from shop to port 443 not followed, because pods there are in ambient\n  mode";
    assert!(text.contains(line), "{text}");
    assert!(!text.contains('▼'), "{text}");
}

#[test]
fn callers_with_objects_of_their_own_share_a_picture_and_callers_with_other_ways_do_not() {
    let call = |namespace: &str, route: &str| {
        let mut call = followed(1);
        call.callers[0].namespace = namespace.to_owned();
        for hop in &mut call.ways[0].hops {
            hop.route = Some(Place::new("VirtualService", Some(namespace), route));
            hop.cluster = Some(format!("outbound|80||edition.cnn.com.{namespace}.egress.internal"));
        }
        call
    };
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.calls =
        vec![call("billing", "cnn"), call("web", "cnn"), call("shop", "cnn"), call("old", "other")];
    report.is_path_asked = true;
    let text = plain(&report);
    assert!(text.contains("the same from web and shop, through objects of their own"), "{text}");
    assert_eq!(text.matches("virtualservice").count(), 4, "{text}");
}

#[test]
fn namespaces_with_a_reason_each_for_the_same_end_are_one_line() {
    let call = |number: usize| {
        let mut call = followed(1);
        call.callers[0].namespace = format!("n{number}");
        call.ways[0] = CallWay {
            result: WayResult::Refused,
            refusal: Some(Refusal::Blocked),
            because: vec![format!("outboundTrafficPolicy of sidecar/default in namespace n{number}")],
            may_be_refused_by: Vec::new(),
            hops: Vec::new(),
            ..call.ways[0].clone()
        };
        call
    };
    let mut report = report(CheckVerdict::Passed { seen: None }, Vec::new(), Summary::default());
    report.calls = (0..9).map(call).collect();
    let text = plain(&report);
    assert!(text.contains("× calls from n0, n1, n2, n3 and 5 others to port 80 are refused"), "{text}");
    assert!(text.contains("and 5 more reasons"), "{text}");
    assert_eq!(text.matches('×').count(), 1, "{text}");
}
