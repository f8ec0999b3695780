//! The rules of the guard by name, and what is said to who breaks one.
//!
//! Knows the sentences. Knows nothing of how a rule is told to be broken.

use super::scope::{BYPASS, Guard};
use crate::metadata::{FIELD_MANAGER, MANAGED_BY};

/// A rule of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GuardRule {
    /// A host below `.egress.internal` belongs to the namespace that it names.
    UpstreamHost,
    /// A ServiceEntry of such a host leads to the host in its name.
    UpstreamShape,
    /// A VirtualService at a shared Gateway is the gateway leg of its own namespace.
    GatewayRoute,
    /// A Gateway for the gateway's pods belongs to the gateway's owner.
    GatewayOwner,
    /// The program's label and annotations stand on what the program writes.
    Record,
    /// Endpoints are written by controllers.
    OutsideEndpoints,
}

impl GuardRule {
    /// Every rule.
    pub const ALL: [GuardRule; 6] = [
        GuardRule::UpstreamHost,
        GuardRule::UpstreamShape,
        GuardRule::GatewayRoute,
        GuardRule::GatewayOwner,
        GuardRule::Record,
        GuardRule::OutsideEndpoints,
    ];

    /// Its name, as it is said to who breaks it.
    pub fn word(self) -> &'static str {
        match self {
            GuardRule::UpstreamHost => "upstream-host",
            GuardRule::UpstreamShape => "upstream-shape",
            GuardRule::GatewayRoute => "gateway-route",
            GuardRule::GatewayOwner => "gateway-owner",
            GuardRule::Record => "record",
            GuardRule::OutsideEndpoints => "outside-endpoints",
        }
    }

    /// How the sentence of every refusal by this rule begins.
    pub fn opening(self) -> String {
        format!("egress guard, rule {}:", self.word())
    }

    /// What is said to who breaks it: one line.
    pub fn message(self, guard: &Guard) -> String {
        let namespaces: Vec<&str> = guard.namespaces().into_iter().collect();
        let namespaces = namespaces.join(" or ");
        let services: Vec<String> = guard.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
        let services = services.join(" or ");
        let said = match self {
            GuardRule::UpstreamHost => {
                "a host NAME.NAMESPACE.egress.internal may be declared only in the namespace that it names".to_owned()
            }
            GuardRule::UpstreamShape => format!(
                "a ServiceEntry of a host below .egress.internal must lead to the host in its name: one endpoint with \
                 only that address, resolution DNS, location MESH_EXTERNAL, exported to namespace \
                 {namespaces} only, as `kubectl egress add` writes it"
            ),
            GuardRule::GatewayRoute => format!(
                "a VirtualService at Gateway {} must route one host to that host's upstream in its own namespace, \
                 without any other match, header, rewrite, redirect, mirror, fault or delegate, as `kubectl egress \
                 add` writes it",
                guard.shared_gateways().join(" or ")
            ),
            GuardRule::GatewayOwner => format!(
                "a Gateway that can select the pods of {services} must be in namespace {namespaces}, or be the Gateway \
                 of one host as `kubectl egress add --layout documented` writes it"
            ),
            GuardRule::Record => format!(
                "the label {MANAGED_BY}={FIELD_MANAGER} and annotations {FIELD_MANAGER}.github.io/* are only for objects whose \
                 spec matches them, as `kubectl egress add` writes it for gateway {services}: remove them"
            ),
            GuardRule::OutsideEndpoints => {
                "endpoints not written by a Kubernetes controller can bypass every gateway; to trust another writer: \
                 `kubectl egress guard apply --endpoint-writer USER`"
                    .to_owned()
            }
        };
        format!(
            "{} {said}; the gateway's owner may allow the object with annotation {BYPASS}: REASON",
            self.opening()
        )
    }
}
