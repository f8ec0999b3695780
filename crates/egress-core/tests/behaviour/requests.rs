//! A second request for a host: what both together ask for.

use egress_core::intent::{GatewayTls, Layout};
use egress_core::merge_request::{MergeError, Merged, merge};

use crate::fixture::{other_gateway, request};

#[test]
fn a_first_request_is_taken_as_it_is() {
    let asked = request("edition.cnn.com");
    assert_eq!(merge(asked.clone(), None), Ok(Merged::InPlace(asked)));
}

#[test]
fn the_same_request_again_keeps_who_asked_first_and_when() {
    let found = request("edition.cnn.com");
    let mut again = request("edition.cnn.com");
    again.added_at = "2027-01-01T00:00:00Z".parse().ok();
    again.added_by = Some("joe".to_owned());
    assert_eq!(merge(again, Some(&found)), Ok(Merged::InPlace(found)));
}

#[test]
fn ports_are_added_never_taken_away() {
    let found = request("edition.cnn.com:443");
    let merged = merge(request("edition.cnn.com:80"), Some(&found));
    let both = request("edition.cnn.com");
    assert_eq!(merged, Ok(Merged::InPlace(both.clone())));
    assert_eq!(merge(request("edition.cnn.com:443"), Some(&both)), Ok(Merged::InPlace(both)));
}

#[test]
fn one_port_has_one_protocol() {
    let found = request("edition.cnn.com:8443/TLS");
    let refused = merge(request("edition.cnn.com:8443/HTTP"), Some(&found));
    assert!(matches!(&refused, Err(MergeError::Protocol { .. })), "{refused:?}");
}

#[test]
fn a_reason_stays_until_another_is_given() {
    let mut found = request("edition.cnn.com");
    found.intent.reason = Some("news".to_owned());
    assert_eq!(reason(merge(request("edition.cnn.com"), Some(&found))).as_deref(), Some("news"));
    let mut other = request("edition.cnn.com");
    other.intent.reason = Some("weather".to_owned());
    assert_eq!(reason(merge(other, Some(&found))).as_deref(), Some("weather"));
}

#[test]
fn callers_are_added_but_never_cut_off() {
    let exported = |words: &[&str]| {
        let mut record = request("edition.cnn.com");
        record.intent.export_to = words.iter().map(|word| (*word).to_owned()).collect();
        record
    };
    for (found, asked, accepted) in [
        (&["."][..], &[".", "billing"][..], true),
        (&["."], &["*"], true),
        (&["."], &["shop"], true),
        (&["shop", "billing"], &["billing", "."], true),
        (&["*"], &["."], false),
        (&[".", "billing"], &["."], false),
        (&["."], &["billing"], false),
    ] {
        let merged = merge(exported(asked), Some(&exported(found)));
        assert_eq!(merged.is_ok(), accepted, "from {found:?} to {asked:?}: {merged:?}");
    }
}

#[test]
fn another_layout_hop_or_gateway_replaces_what_is_there() {
    let found = request("edition.cnn.com");
    let mut layout = found.clone();
    layout.intent.layout = Layout::Documented;
    let mut hop = found.clone();
    hop.intent.hop = GatewayTls::Plain;
    let mut gateway = found.clone();
    gateway.intent.gateway = other_gateway();
    for asked in [layout, hop, gateway] {
        assert_eq!(merge(asked.clone(), Some(&found)), Ok(Merged::Replace(asked)));
    }
}

fn reason(merged: Result<Merged, MergeError>) -> Option<String> {
    match merged.expect("requests that can be merged") {
        Merged::InPlace(record) | Merged::Replace(record) => record.intent.reason,
    }
}
