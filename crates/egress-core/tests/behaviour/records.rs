//! The record of a request, written to annotations and read back.

use egress_core::dialect::Part;
use egress_core::metadata::{HOST, LAYOUT, Record, RecordError};
use egress_core::resource::Resource;
use egress_core::role::Role;
use proptest::prelude::*;

use crate::fixture::{documented, in_every_layout, parts, request};

#[test]
fn what_was_asked_is_read_back_from_the_object_that_holds_it() {
    let mut exported = request("partner.example.com:8443/TLS");
    exported.intent.export_to = vec![".".to_owned(), "billing".to_owned()];
    exported.intent.reason = Some("on: yes, \"quoted\"\n\tand ünïcode".to_owned());
    let mut unknown = request("edition.cnn.com");
    (unknown.added_at, unknown.added_by) = (None, None);
    for record in [exported, unknown, request("edition.cnn.com:80"), documented("edition.cnn.com")] {
        assert_eq!(Record::read(&holder(&record)), Ok(record));
    }
}

#[test]
fn one_object_of_each_layout_holds_the_record() {
    for record in in_every_layout("edition.cnn.com") {
        let parts = parts(&record);
        let holders: Vec<Role> = parts.iter().filter(|part| holds(part)).map(|part| part.role).collect();
        assert_eq!(holders, [record.intent.layout.dialect().record]);
    }
}

#[test]
fn an_annotation_that_is_gone_is_named() {
    for key in ["host", "ports", "gateway", "layout", "hop", "export-to"] {
        let mut object = holder(&request("edition.cnn.com"));
        let key = format!("kubectl-egress.github.io/{key}");
        assert!(object.annotations.remove(key.as_str()).is_some());
        let error = Record::read(&object).expect_err(&key);
        assert_eq!((error.key, error.problem.as_str()), (key.as_str(), "missing"));
    }
}

#[test]
fn an_annotation_that_was_changed_into_something_else_is_named_and_shown_without_its_control_characters() {
    for value in ["", "x\u{1b}[31mred\u{7}", "a/b/c", "-1/TLS", "70000/TLS", "443/", "\u{202e}"] {
        for key in ["host", "ports", "gateway", "layout", "hop"] {
            let mut object = holder(&request("edition.cnn.com"));
            let key = format!("kubectl-egress.github.io/{key}");
            object.annotations.insert(key.clone().into(), value.to_owned());
            let error = Record::read(&object).expect_err(&key);
            assert_eq!(error.key, key);
            assert_no_control(&error);
        }
    }
}

proptest! {
    /// Annotations can be edited by anyone: reading them never panics, and no message carries a control character.
    #[test]
    fn no_annotation_is_too_hostile_to_be_read(key in 0..6_usize, value in "\\PC{0,20}|[\\x00-\\x1f,:/.*]{0,8}|.{0,40}") {
        let keys = ["host", "ports", "gateway", "layout", "hop", "export-to"];
        let mut object = holder(&request("edition.cnn.com"));
        object.annotations.insert(format!("kubectl-egress.github.io/{}", keys[key]).into(), value);
        if let Err(error) = Record::read(&object) {
            assert_no_control(&error);
        }
    }

    /// Whatever a person gives as a reason is kept as it is.
    #[test]
    fn a_reason_is_kept_as_it_is(reason in any::<String>()) {
        let mut record = request("edition.cnn.com");
        record.intent.reason = Some(reason);
        prop_assert_eq!(Record::read(&holder(&record)), Ok(record));
    }
}

fn assert_no_control(error: &RecordError) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn holder(record: &Record) -> Resource {
    let found = parts(record).into_iter().find(holds);
    let resource = found.expect("an object with the record").resource;
    assert_eq!(resource.annotations.get(HOST).map(String::as_str), Some(record.intent.host.as_str()));
    resource
}

fn holds(part: &Part) -> bool {
    part.resource.annotations.contains_key(LAYOUT)
}
