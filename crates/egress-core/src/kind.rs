//! The kinds of object that can be planned, written, compared, listed and removed: one row each.
//!
//! A kind with a type of its own is read field by field; of any other, the body is kept as it is. A further kind is one
//! variant and one row here, and its name in [`crate::input`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Hosts that the mesh may know.
    ServiceEntry,
    /// Routes, at a gateway or in the sidecars.
    VirtualService,
    /// How a hop is spoken: subsets and TLS.
    DestinationRule,
    /// Servers on gateway pods.
    Gateway,
    /// What the sidecars of a namespace may see.
    Sidecar,
    /// Which connections pods may make.
    NetworkPolicy,
    /// Routes of the Gateway API.
    #[serde(rename = "HTTPRoute")]
    HttpRoute,
}

/// What the API server calls a kind.
struct ApiNames {
    name: &'static str,
    group: &'static str,
    plural: &'static str,
    /// `None`: the version of Istio's API that the server has.
    version: Option<&'static str>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::ServiceEntry,
        Kind::VirtualService,
        Kind::DestinationRule,
        Kind::Gateway,
        Kind::Sidecar,
        Kind::NetworkPolicy,
        Kind::HttpRoute,
    ];
    /// The kinds that decide where calls of a mesh go.
    pub const OF_ISTIO: [Kind; 5] =
        [Kind::ServiceEntry, Kind::VirtualService, Kind::DestinationRule, Kind::Gateway, Kind::Sidecar];
    /// The API group of Istio's kinds.
    pub const GROUP: &'static str = "networking.istio.io";

    const fn api(self) -> ApiNames {
        const fn of_istio(name: &'static str, plural: &'static str) -> ApiNames {
            ApiNames { name, group: Kind::GROUP, plural, version: None }
        }
        match self {
            Kind::ServiceEntry => of_istio("ServiceEntry", "serviceentries"),
            Kind::VirtualService => of_istio("VirtualService", "virtualservices"),
            Kind::DestinationRule => of_istio("DestinationRule", "destinationrules"),
            Kind::Gateway => of_istio("Gateway", "gateways"),
            Kind::Sidecar => of_istio("Sidecar", "sidecars"),
            Kind::NetworkPolicy => ApiNames {
                name: "NetworkPolicy",
                group: "networking.k8s.io",
                plural: "networkpolicies",
                version: Some("v1"),
            },
            Kind::HttpRoute => ApiNames {
                name: "HTTPRoute",
                group: "gateway.networking.k8s.io",
                plural: "httproutes",
                version: Some("v1"),
            },
        }
    }

    /// The kind that objects call by this group and name.
    pub fn named(group: &str, name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.api().group == group && kind.api().name == name)
    }

    /// Its API group.
    pub fn group(self) -> &'static str {
        self.api().group
    }

    /// The plural that the API's paths use.
    pub fn plural(self) -> &'static str {
        self.api().plural
    }

    /// The version in which it is written, where the server has Istio's API in the version `istio`.
    pub fn version(self, istio: &str) -> &str {
        self.api().version.unwrap_or(istio)
    }

    /// `serviceentry.networking.istio.io`, as kubectl writes a kind.
    pub fn qualified(self) -> String {
        format!("{}.{}", self.api().name.to_ascii_lowercase(), self.group())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.api().name)
    }
}
