//! How much of a finished run was proven in proxies: from what was read, never from what could have been read.
//!
//! Knows the steps and the proxies' state after each. Reads nothing itself.

use egress_core::plan::Plan;
use egress_core::proof::Side;
use egress_render::outcome::{Proven, StepOutcome};

/// How much of one side was read, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Nothing,
    Some,
    All,
}

/// How much of a completed plan was proven. A later step proves a step that has no visible effect yet.
pub(super) fn proven(plan: &Plan, steps: &[StepOutcome]) -> Proven {
    let extent = |side: Side| {
        let asked = plan.steps.iter().zip(steps).filter(|(step, _)| {
            step.proof.as_ref().is_some_and(|proof| proof.side == side && proof.is_visible())
        });
        asked.map(|(_, outcome)| of(outcome)).min()
    };
    match (extent(Side::Gateway), extent(Side::Clients)) {
        (None | Some(Extent::Nothing), None | Some(Extent::Nothing)) => Proven::None,
        (None | Some(Extent::All), None | Some(Extent::All)) => Proven::Full,
        (Some(Extent::All), Some(Extent::Nothing)) => Proven::GatewayOnly,
        (Some(Extent::Nothing), Some(Extent::All)) => Proven::ClientsOnly,
        _ => Proven::Partial,
    }
}

fn of(outcome: &StepOutcome) -> Extent {
    match outcome.proof {
        Some(proof) if proof.looked == 0 => Extent::Nothing,
        Some(proof) if proof.live < proof.total => Extent::Some,
        Some(_) => Extent::All,
        None => Extent::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use egress_core::host::DnsName;
    use egress_core::plan::Step;
    use egress_core::port::{Port, Protocol};
    use egress_core::proof::{Expectation, ProxyCondition};
    use egress_core::resource::Resource;
    use egress_core::role::Role;
    use egress_render::outcome::{Looked, OutcomeVerb, Shows};
    use serde_json::json;

    use super::*;

    /// A step whose expectation is met or not yet met, and how many of its pods were read; none without permission.
    type Read = (Side, bool, Option<(usize, usize)>);

    fn run(steps: &[Read]) -> Proven {
        let host = DnsName::parse("edition.cnn.com").unwrap();
        let object = json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": "cnn", "namespace": "shop" }, "spec": {} });
        let object = Resource::from_json(&object).unwrap();
        let step = |(side, visible, _): &Read| {
            let condition = ProxyCondition::RoutesTo {
                port: Port { number: 443, protocol: Protocol::Tls },
                clusters: ["a".to_owned()].into(),
                where_listening: !visible,
            };
            let conditions = vec![condition, ProxyCondition::HasEndpoints { cluster: "a".to_owned() }];
            let proof = Some(Expectation { side: *side, host: host.clone(), conditions });
            Step { role: Role::MeshLeg, object: object.clone(), action: None, proof }
        };
        let outcome = |(side, visible, read): &Read| {
            let looked = |(looked, total): (usize, usize)| Looked {
                side: *side,
                shows: Shows::Live,
                total,
                looked,
                live: looked,
                elapsed: Duration::ZERO,
            };
            let proof = read.filter(|_| *visible).map(looked);
            StepOutcome {
                object: object.id.clone(),
                role: Role::MeshLeg,
                verb: OutcomeVerb::Unchanged,
                proof,
            }
        };
        let plan = Plan {
            host: host.clone(),
            namespace: "shop".to_owned(),
            steps: steps.iter().map(step).collect(),
        };
        proven(&plan, &steps.iter().map(outcome).collect::<Vec<_>>())
    }

    /// What kept a side from being read: no permission, no pod, or too many pods.
    #[test]
    fn a_result_claims_no_more_than_what_was_read() {
        let (gateway, clients) = (Side::Gateway, Side::Clients);
        let all = Some((2, 2));
        for (of_gateway, of_clients, expected) in [
            (all, all, Proven::Full),
            (all, Some((0, 0)), Proven::GatewayOnly),
            (all, None, Proven::GatewayOnly),
            (all, Some((10, 25)), Proven::Partial),
            (None, Some((10, 25)), Proven::Partial),
            (None, all, Proven::ClientsOnly),
            (Some((0, 0)), all, Proven::ClientsOnly),
            (None, None, Proven::None),
            (Some((0, 0)), None, Proven::None),
        ] {
            let found = run(&[(gateway, true, of_gateway), (clients, true, of_clients)]);
            assert_eq!(found, expected, "{of_gateway:?} {of_clients:?}");
        }
        assert_eq!(run(&[(clients, true, all)]), Proven::Full, "nothing was asked of the gateway");
        assert_eq!(run(&[]), Proven::None, "nothing was asked");
    }

    #[test]
    fn a_step_that_shows_nothing_yet_counts_for_nothing() {
        let all = Some((1, 1));
        let unseen = (Side::Clients, false, all);
        assert_eq!(run(&[unseen]), Proven::None);
        assert_eq!(run(&[(Side::Gateway, true, all), unseen, (Side::Clients, true, all)]), Proven::Full);
        assert_eq!(
            run(&[(Side::Gateway, true, all), unseen, (Side::Clients, true, None)]),
            Proven::GatewayOnly
        );
    }
}
