//! The policy as plain Rust.

use egress_policy_sdk::{ask, schema};

use super::*;

const SETTINGS: &str = r#"{
    "windows": [{"days": ["mon", "tue", "wed", "thu"], "from": "08:00", "until": "18:00"}],
    "freezes": [{"from": "2026-12-20", "until": "2027-01-03", "reason": "end of year"}],
    "exempt-groups": ["sre"]
}"#;

/// A moment of a Monday in November, or of another day.
fn decide(day: &str, hour: u64, verb: &str, group: &str) -> Option<Finding> {
    let request = Request {
        verb: verb.to_owned(),
        destinations: vec![Destination::new("api.example", 443)],
        now: Date::parse(day).map(|day| day.start() + hour * 3600),
        groups: vec![group.to_owned()],
        settings: SETTINGS.to_owned(),
        ..Request::default()
    };
    ask::hosts::<ChangeWindow>(&request).unwrap().findings.pop()
}

#[test]
fn in_a_window_changes_are_made() {
    assert_eq!(decide("2026-11-23", 8, "add", ""), None);
    assert_eq!(decide("2026-11-23", 17, "remove", ""), None);
}

#[test]
fn outside_of_hours_both_verbs_are_denied_with_the_hours() {
    for (day, hour, verb) in
        [("2026-11-23", 18, "add"), ("2026-11-23", 7, "remove"), ("2026-11-27", 12, "add")]
    {
        let finding = decide(day, hour, verb, "").unwrap();
        assert_eq!((finding.code.as_str(), finding.severity), (CLOSED, Severity::Deny), "{day} {hour}");
        assert!(finding.remediation.unwrap().contains("mon,tue,wed,thu 08:00-18:00 (UTC)"));
    }
}

#[test]
fn a_freeze_denies_with_its_reason_to_its_last_day() {
    let finding = decide("2026-12-21", 10, "add", "").unwrap();

    assert_eq!(finding.code, FROZEN);
    assert!(finding.message.ends_with("until 2027-01-03: end of year"));
    assert_eq!(finding.remediation.as_deref(), Some("make the change on 2027-01-04 or later"));
    assert_eq!(decide("2027-01-04", 10, "add", ""), None);
}

#[test]
fn an_exempt_group_is_let_through_and_noted() {
    let finding = decide("2026-12-21", 10, "add", "sre").unwrap();

    assert_eq!((finding.code.as_str(), finding.severity), (EXEMPT, Severity::Warn));
}

#[test]
fn an_audit_is_held_to_no_hours() {
    assert_eq!(decide("2026-12-21", 3, "audit", ""), None);
}

#[test]
fn a_window_that_is_none_is_told() {
    for window in [
        r#"{"days": ["monday"], "from": "08:00", "until": "18:00"}"#,
        r#"{"days": ["mon"], "from": "8", "until": "18:00"}"#,
    ] {
        let findings = ask::check_settings::<ChangeWindow>(&format!(r#"{{"windows": [{window}]}}"#));
        assert_eq!(findings[0].path.as_deref(), Some("settings.windows[0]"), "{window}");
    }
}

#[test]
fn the_schema_is_that_of_the_settings() {
    schema::hold::<ChangeWindow>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"));
}
