//! What policies say.

use std::collections::BTreeMap;

use egress_policy::answer::{EvaluationError, Finding, Severity, Step};
use egress_policy::descriptor::Hook;
use egress_policy::exception::{Exception, ExceptionStatus, ExceptionUse};
use egress_policy::hosts::{DestinationDecision, Evaluation};
use egress_policy::naming::{Clash, Naming, ProposedName};
use egress_policy::pinning::{Excluded, NoFittingGateway, Pinning, PlacementViolation};
use egress_policy::policy_set::{Effect, Layer};
use egress_policy::report::{PolicyFinding, PolicyRef, Report, Status};
use egress_policy::request::Destination;
use egress_render::palette::Palette;
use egress_render::{document, policy};
use snapbox::{assert_data_eq, file};

use crate::fixtures::HOSTILE;

fn policy_ref(policy: &str, version: &str, layer: Layer) -> PolicyRef {
    let digest = (policy != "baseline").then(|| format!("sha256:{}", "a".repeat(64)));
    PolicyRef { policy: policy.to_owned(), version: version.to_owned(), layer, digest }
}

fn acme() -> PolicyRef {
    policy_ref("acme-hosts", "1.4.2", Layer::Cluster)
}

fn finding(code: &str, severity: Severity, message: &str, path: Option<&str>) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        message: message.to_owned(),
        path: path.map(str::to_owned),
        remediation: None,
        docs: None,
        evidence: BTreeMap::new(),
    }
}

fn report(by: PolicyRef, hook: Hook, findings: Vec<PolicyFinding>) -> Report {
    let (trace, log) = (Vec::new(), Vec::new());
    Report { by, hook, findings, trace, log, fuel: None, fault: None, on_deny: None }
}

fn destination(host: &str, port: u16) -> Destination {
    let (protocol, route) = if port == 443 { ("TLS", "passthrough") } else { ("HTTP", "mtls") };
    Destination { host: host.to_owned(), port, protocol: protocol.to_owned(), route: route.to_owned() }
}

pub(crate) fn evaluation() -> Evaluation {
    let not_listed = Finding {
        remediation: Some("use api.stripe.com".to_owned()),
        docs: Some("https://acme.dev/egress".to_owned()),
        evidence: [("nearest".to_owned(), "api.stripe.com".to_owned())].into(),
        ..finding(
            "host-not-allowed",
            Severity::Deny,
            "api.stripe.io is not in the catalogue",
            Some("destinations[0].host"),
        )
    };
    let no_ticket = finding("no-ticket", Severity::Deny, "there is no ticket", Some("justification"));
    let plain = finding("plain-http", Severity::Warn, "port 80 is clear text", Some("destinations[1].port"));
    let found = |destination, finding| PolicyFinding { destination, finding };
    let hosts = Report {
        on_deny: Some("Ask in #egress".to_owned()),
        trace: vec![Step {
            rule: "catalogue".to_owned(),
            outcome: "deny".to_owned(),
            detail: "no service has api.stripe.io".to_owned(),
        }],
        log: vec!["info: 12 services".to_owned()],
        fuel: Some(40_578),
        ..report(acme(), Hook::Hosts, vec![found(Some(0), not_listed), found(Some(0), no_ticket)])
    };
    let baseline = policy_ref("baseline", "0.1.0", Layer::Repository);
    let warns = report(baseline.clone(), Hook::Hosts, vec![found(Some(1), plain)]);
    let broken = Report {
        fault: Some(EvaluationError::Limit("fuel".to_owned())),
        ..report(policy_ref("mine", "0.0.1", Layer::User), Hook::Hosts, Vec::new())
    };
    let outcome =
        |host, port, status, by| DestinationDecision { destination: destination(host, port), status, by };
    let exception = Exception {
        layer: Layer::User,
        code: "host-not-allowed".to_owned(),
        destination: "*.stripe.io:443".parse().unwrap(),
        policy: None,
        until: "2026-12-31".parse().unwrap(),
        approved_by: "me".to_owned(),
        reason: "I want to".to_owned(),
    };
    let expired = Exception { layer: Layer::Cluster, ..exception.clone() };
    Evaluation {
        outcomes: vec![
            outcome("api.stripe.io", 443, Status::Denied, vec![acme()]),
            outcome("billing.acme.example", 80, Status::Undecided, vec![broken.by.clone()]),
            outcome("new.example", 443, Status::Denied, Vec::new()),
        ],
        reports: vec![hosts, warns, broken],
        exceptions: vec![
            ExceptionUse { exception, index: 0, of: acme(), status: ExceptionStatus::TooLow },
            ExceptionUse { exception: expired, index: 0, of: acme(), status: ExceptionStatus::Expired },
        ],
        default: Effect::Deny,
        default_by: Some(Layer::Cluster),
    }
}

fn no_fitting_gateway() -> NoFittingGateway {
    let gateway = || "istio-system/istio-egressgateway".parse().unwrap();
    let infra = policy_ref("infra-nodes", "1.0.0", Layer::Cluster);
    let zones = policy_ref("zones", "0.3.0", Layer::Repository);
    let row = |pod: Option<&str>, node: Option<&str>, missing: &str, by: &[&PolicyRef]| PlacementViolation {
        gateway: gateway(),
        pod: pod.map(str::to_owned),
        node: node.map(str::to_owned),
        missing: missing.to_owned(),
        by: by.iter().copied().cloned().collect(),
        unknown: false,
    };
    NoFittingGateway {
        rows: vec![
            row(
                Some("egress-7d4b9"),
                Some("app-1"),
                "node-role.acme.com/infra=true, is not set",
                &[&infra, &zones],
            ),
            row(Some("egress-x2x9p"), Some("infra-1"), "zone in (b,c), is a", &[&zones]),
            row(None, None, "at least 3 nodes, runs on 2", &[&infra]),
        ],
        excluded: vec![Excluded { by: infra, nodes: 2 }, Excluded { by: zones, nodes: 1 }],
        left: 1,
        nodes: 4,
    }
}

#[test]
fn a_refusal_says_which_policy_what_and_what_to_do() {
    let text = policy::evaluation(&evaluation(), false, &Palette::plain());
    assert_data_eq!(text, file!["goldens/policy.txt"].raw());
}

#[test]
fn an_explanation_shows_everybody_who_was_asked() {
    let text = policy::evaluation(&evaluation(), true, &Palette::plain());
    assert_data_eq!(text, file!["goldens/policy-explain.txt"].raw());
}

#[test]
fn where_all_is_well_nothing_is_said() {
    let silent = Evaluation {
        outcomes: Vec::new(),
        reports: vec![report(acme(), Hook::Hosts, Vec::new())],
        exceptions: Vec::new(),
        default: Effect::Allow,
        default_by: None,
    };
    assert_eq!(policy::evaluation(&silent, false, &Palette::plain()), "");
    assert_eq!(policy::pinning(&Pinning::default(), false, &Palette::plain()), "");
    assert_eq!(policy::names(&Naming::default(), false, &Palette::plain()), "");
}

#[test]
fn a_misfit_is_a_table_of_what_is_missing_and_what_is_left() {
    assert_data_eq!(
        policy::no_fitting_gateway(&no_fitting_gateway(), &Palette::plain()),
        file!["goldens/policy-misfit.txt"].raw()
    );
}

#[test]
fn a_clash_of_names_ends_with_the_line_to_write() {
    let named = |policy: &str, name: &str| ProposedName {
        by: policy_ref(policy, "1.0.0", Layer::Cluster),
        name: name.to_owned(),
    };
    let clash = Clash {
        slot: 0,
        kind: "VirtualService".to_owned(),
        role: "mesh-leg".to_owned(),
        names: vec![named("acme-names", "cnn"), named("other", "edition-cnn-com")],
    };
    assert_eq!(
        policy::naming(&Naming { clashes: vec![clash], ..Naming::default() }),
        "two policies name the VirtualService `mesh-leg` differently: acme-names 1.0.0 (cluster) says `cnn`, \
         other 1.0.0 (cluster) says `edition-cnn-com`; choose the policy for names: write `naming: {use: acme-names}` into \
         egress-policy.yaml"
    );
}

#[test]
fn the_document_of_a_judgement_is_versioned() {
    let document = policy::document(&evaluation()).unwrap();
    assert_data_eq!(document::json(&document).unwrap(), file!["goldens/policy.json"].raw());
}

#[test]
fn no_policy_moves_the_cursor() {
    let mut hostile = evaluation();
    for report in &mut hostile.reports {
        report.by.version = HOSTILE.to_owned();
        report.on_deny = Some(HOSTILE.to_owned());
        report.fault = Some(EvaluationError::Trap(HOSTILE.to_owned()));
        report.log = vec![HOSTILE.to_owned()];
        let step = || HOSTILE.to_owned();
        report.trace = vec![Step { rule: step(), outcome: step(), detail: step() }];
        for found in &mut report.findings {
            found.finding = Finding {
                remediation: Some(HOSTILE.to_owned()),
                docs: Some(HOSTILE.to_owned()),
                evidence: [(HOSTILE.to_owned(), HOSTILE.to_owned())].into(),
                ..finding(HOSTILE, Severity::Deny, HOSTILE, Some(HOSTILE))
            };
        }
    }
    let text = policy::evaluation(&hostile, true, &Palette::plain());
    assert!(!text.replace('\n', "").contains(egress_render::escape::is_hidden), "{text:?}");
}
