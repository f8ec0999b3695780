//! The parts that objects play for a host.
//!
//! Knows names and words only; what an object holds is in `dialect`. The roles are called as the annotations of users'
//! objects and `-o json` have them (`gateway-leg`, `mesh-leg`), so that code and output have one word for one thing.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::kind::Kind;

/// The part an object plays. The order is the order of writing; removal goes backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Shared layout, per gateway: the servers on the gateway pods.
    SharedGateway,
    /// Shared layout, per gateway: the subset that makes the HTTP hop mesh mTLS.
    SharedDestinationRule,
    /// The host as the gateway knows it; its annotations are the record of what was asked.
    Upstream,
    /// Documented layout: the servers for this host.
    Gateway,
    /// Documented layout: the subset for this host.
    DestinationRule,
    /// The routes at the gateway: from the gateway to the host.
    GatewayLeg,
    /// The routes in the sidecars: from the caller to the gateway.
    MeshLeg,
    /// The host as the callers know it.
    Client,
}

impl Role {
    /// Whether all egresses of a gateway use the object: the pair of the shared layout.
    pub fn is_of_pair(self) -> bool {
        matches!(self, Role::SharedGateway | Role::SharedDestinationRule)
    }

    /// Every role, in the order of writing.
    pub const ALL: [Role; 8] = [
        Role::SharedGateway,
        Role::SharedDestinationRule,
        Role::Upstream,
        Role::Gateway,
        Role::DestinationRule,
        Role::GatewayLeg,
        Role::MeshLeg,
        Role::Client,
    ];

    /// The kind of the object.
    pub fn kind(self) -> Kind {
        match self {
            Role::SharedGateway | Role::Gateway => Kind::Gateway,
            Role::SharedDestinationRule | Role::DestinationRule => Kind::DestinationRule,
            Role::Upstream | Role::Client => Kind::ServiceEntry,
            Role::GatewayLeg | Role::MeshLeg => Kind::VirtualService,
        }
    }

    /// The word in annotations, such as `gateway-leg`.
    pub fn word(self) -> &'static str {
        match self {
            Role::SharedGateway => "shared-gateway",
            Role::SharedDestinationRule => "shared-destination-rule",
            Role::Upstream => "upstream",
            Role::Gateway => "gateway",
            Role::DestinationRule => "destination-rule",
            Role::GatewayLeg => "gateway-leg",
            Role::MeshLeg => "mesh-leg",
            Role::Client => "client",
        }
    }

    /// What follows the base name; empty for the object that carries the base name itself.
    pub fn suffix(self) -> &'static str {
        match self {
            Role::Upstream => "upstream",
            Role::GatewayLeg => "gateway",
            _ => "",
        }
    }
}

impl fmt::Display for Role {
    /// The words of progress lines: `gateway leg`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Role::SharedGateway => "shared Gateway",
            Role::SharedDestinationRule => "shared DestinationRule",
            Role::Upstream => "upstream",
            Role::Gateway => "Gateway",
            Role::DestinationRule => "DestinationRule",
            Role::GatewayLeg => "gateway leg",
            Role::MeshLeg => "mesh leg",
            Role::Client => "client entry",
        })
    }
}
