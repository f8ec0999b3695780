//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

fn request(reason: Option<&str>) -> Request {
    Request {
        destinations: vec![Destination::new("api.example", 443)],
        justification: reason.map(ToOwned::to_owned),
        now: Date::parse("2026-11-22").map(Date::start),
        settings: r#"{"except": ["pypi.org"]}"#.to_owned(),
        ..Request::default()
    }
}

fn finding(reason: Option<&str>) -> Option<Finding> {
    let mut verdict = ask::hosts::<ExpiringEgress>(&request(reason)).unwrap();
    verdict.rulings.pop()?.findings.pop()
}

#[test]
fn a_reason_with_a_last_day_is_enough() {
    assert_eq!(finding(Some("INC-42, until 2027-01-31")), None);
    assert_eq!(finding(Some("Until 2027-01-31.")), None);
}

#[test]
fn without_a_reason_or_a_last_day_it_is_denied_with_what_to_type() {
    let cases = [
        (None, NO_REASON),
        (Some(" "), NO_REASON),
        (Some("INC-42"), NO_LAST_DAY),
        (Some("until soon"), NO_LAST_DAY),
    ];
    for (reason, code) in cases {
        let finding = finding(reason).unwrap();
        assert_eq!(finding.code, code, "{reason:?}");
        assert_eq!(finding.remediation.as_deref(), Some(r#"--reason "TICKET, until 2027-02-20""#));
    }
}

#[test]
fn a_day_that_is_over_too_far_or_near_is_told() {
    let cases =
        [("2026-11-21", EXPIRED), ("2027-02-21", TOO_FAR), ("2026-11-22", SOON), ("2026-12-06", SOON)];
    for (day, code) in cases {
        assert_eq!(finding(Some(&format!("until {day}"))).unwrap().code, code, "{day}");
    }
}

#[test]
fn without_a_clock_it_cannot_decide() {
    let request = Request { now: None, ..request(None) };

    assert_eq!(ask::hosts::<ExpiringEgress>(&request), Err(Failure::MissingFact("now".to_owned())));
}

#[test]
fn an_exception_needs_no_last_day() {
    let request = Request { destinations: vec![Destination::new("pypi.org", 443)], ..request(None) };

    assert_eq!(ask::hosts::<ExpiringEgress>(&request).unwrap(), Verdict::default());
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<ExpiringEgress>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
