//! Plans for an egress with other names and fewer ports than now wanted.

use egress_core::intent::{Hop, Intent, Layout};
use egress_core::inventory;
use egress_core::names::Names;
use egress_core::resource::Live;
use egress_core::role::Role;
use egress_core::target::Target;

use super::*;

fn asked(target: &str) -> Record {
    let target: Target = target.parse().unwrap();
    let intent = Intent {
        host: target.host,
        ports: target.ports,
        namespace: "shop".to_owned(),
        gateway: GatewayFacts::stock().name,
        layout: Layout::Shared,
        hop: Hop::Mtls,
        export_to: vec![".".to_owned()],
        reason: None,
    };
    Record { intent, names: Names::default(), added_at: None, added_by: None }
}

fn named(mut record: Record, prefix: &str) -> Record {
    for role in [Role::Upstream, Role::GatewayLeg, Role::MeshLeg, Role::Client] {
        record.names.choose(&record.intent, role, &format!("{prefix}-{}", role.word()));
    }
    record
}

fn stored(record: &Record) -> Snapshot {
    let mut snapshot = Snapshot { gateways: vec![GatewayFacts::stock()], ..Snapshot::default() };
    let parts = build(record, &GatewayFacts::stock(), &snapshot).ok().unwrap();
    snapshot.resources = parts.into_iter().map(|part| part.resource).collect();
    for resource in &mut snapshot.resources {
        resource.live = Some(Live { uid: resource.id.to_string(), ..Live::default() });
    }
    snapshot
}

/// The gateway's owner owns the pair: a user without permissions in the gateway's namespace must not need any.
#[test]
fn new_names_and_a_new_port_at_once_leave_the_pair_of_the_gateway_as_it_is() {
    let snapshot = stored(&named(asked("edition.cnn.com:443"), "old"));
    let mut naming = |record: &Record, _: &[Part]| {
        let dress = Dress { policies: Some("baseline@today".to_owned()), ..Dress::default() };
        Ok((Some(named(record.clone(), "new").names), dress))
    };
    let wanted = asked("edition.cnn.com:80/http");
    let all = inventory::egresses(&snapshot);
    let decision = add(wanted, &Existing::of(&all), &GatewayFacts::stock(), &snapshot, &mut naming)
        .unwrap_or_else(|failure| panic!("{}", failure.message));
    assert_eq!(decision.plans.len(), 2);
    for plan in &decision.plans {
        let written: Vec<_> = plan.writes().map(|(step, _)| step.role).collect();
        assert!(!written.is_empty());
        assert!(!written.iter().any(|role| role.is_of_pair()), "{written:?}");
    }
}
