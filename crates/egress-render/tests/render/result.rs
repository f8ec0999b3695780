//! What `add` and `remove` did.

use std::time::Duration;

use egress_core::proof::Side;
use egress_core::role::{Kind, Role};
use egress_render::document;
use egress_render::outcome::{
    self, DryRun, HostOutcome, Looked, OutcomeVerb, Proven, Shows, StepOutcome, object_line, proof_line,
};
use snapbox::{assert_data_eq, file};

use crate::fixtures::id;

fn step(verb: OutcomeVerb, looked: usize, live: usize) -> StepOutcome {
    step_of(verb, looked, looked, live)
}

fn step_of(verb: OutcomeVerb, total: usize, looked: usize, live: usize) -> StepOutcome {
    let elapsed = Duration::from_millis(412);
    let shows = if verb == OutcomeVerb::Deleted { Shows::Gone } else { Shows::Live };
    StepOutcome {
        object: id(Kind::VirtualService, "shop", "edition-cnn-com-gateway"),
        role: Role::GatewayLeg,
        verb,
        proof: Some(Looked { side: Side::Gateway, shows, total, looked, live, elapsed }),
    }
}

pub(crate) fn outcomes() -> Vec<HostOutcome> {
    let stored = StepOutcome {
        object: id(Kind::ServiceEntry, "shop", "edition-cnn-com-upstream"),
        role: Role::Upstream,
        verb: OutcomeVerb::Unchanged,
        proof: None,
    };
    vec![HostOutcome {
        host: "edition.cnn.com".to_owned(),
        namespace: "shop".to_owned(),
        steps: vec![stored, step(OutcomeVerb::ServersideApplied, 2, 2), step(OutcomeVerb::NotReached, 0, 0)],
        proof: Proven::ClientsOnly,
        warnings: vec!["the gateway's pods may not be looked at".to_owned()],
    }]
}

#[test]
fn an_object_line_is_what_kubectl_would_print() {
    let object = id(Kind::ServiceEntry, "shop", "edition-cnn-com");
    for (verb, dry_run, expect) in [
        (OutcomeVerb::ServersideApplied, DryRun::None, "serverside-applied"),
        (OutcomeVerb::ServersideApplied, DryRun::Server, "serverside-applied (server dry run)"),
        (OutcomeVerb::ServersideApplied, DryRun::Client, "serverside-applied (dry run)"),
        (OutcomeVerb::Deleted, DryRun::None, "deleted"),
        (OutcomeVerb::Unchanged, DryRun::None, "unchanged"),
        (OutcomeVerb::NotReached, DryRun::None, "not reached"),
        (OutcomeVerb::Unknown, DryRun::None, "unknown"),
    ] {
        let line = object_line(&object, verb, dry_run);
        assert_eq!(line, format!("serviceentry.networking.istio.io/edition-cnn-com {expect}"));
    }
}

#[test]
fn a_proof_line_tells_where_how_many_and_how_long() {
    let line = |step: StepOutcome| proof_line(&step).unwrap();
    assert_eq!(
        line(step(OutcomeVerb::ServersideApplied, 2, 2)),
        "gateway leg live in 2/2 gateway pods, 0.4 s"
    );
    assert_eq!(line(step(OutcomeVerb::Unchanged, 1, 1)), "gateway leg live in 1/1 gateway pod, 0.4 s");
    assert_eq!(line(step(OutcomeVerb::Deleted, 2, 1)), "gateway leg gone from 1/2 gateway pods, 0.4 s");
    assert_eq!(
        line(step_of(OutcomeVerb::Deleted, 3, 2, 2)),
        "gateway leg gone from 2/2 gateway pods (1 other not read), 0.4 s"
    );
    assert_eq!(
        line(step_of(OutcomeVerb::Unchanged, 25, 10, 10)),
        "gateway leg live in 10/10 gateway pods (15 others not read), 0.4 s"
    );
    assert_eq!(
        line(step(OutcomeVerb::ServersideApplied, 0, 0)),
        "gateway leg not checked: there are no gateway pods"
    );
}

#[test]
fn the_document_is_versioned() {
    let document = outcome::document(&outcomes(), DryRun::None).unwrap();
    assert_data_eq!(document::json(&document).unwrap(), file!["goldens/result.json"].raw());
}
