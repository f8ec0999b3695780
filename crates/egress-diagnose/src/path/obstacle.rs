//! An external host that no check examined, and why.

use std::borrow::Cow;
use std::collections::BTreeSet;

use egress_core::input::Input;
use serde::Serialize;

use crate::wording::list;

/// Characters of a DNS name. What a file gives as a host or a namespace may be longer.
const LONGEST_NAME: usize = 253;

/// A host that no check examined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotWalked {
    /// The host, as its object has it: it may be a wildcard.
    pub host: String,
    /// The namespace of its object.
    pub namespace: String,
    /// Why.
    pub reason: Obstacle,
    /// The same in words.
    pub because: Cow<'static, str>,
    /// The kinds of facts that were not given, if that is the reason.
    #[serde(skip)]
    pub missing: BTreeSet<Input>,
}

/// Why no check follows a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// TCP routes take it to the gateway.
    Tcp,
    /// It is a wildcard, or only a wildcard's route takes it to the gateway.
    Wildcard,
    /// It is no DNS name that leads outside, such as the short name of a Service.
    Name,
    /// The callers' ServiceEntry has the gateway as its endpoint, and no route is needed.
    Endpoints,
    /// A route of the Gateway API takes it.
    GatewayApi,
    /// A waypoint takes it.
    Waypoint,
    /// Its route leads to a Service that does not exist.
    MissingService,
    /// There is no egress gateway.
    NoGateway,
    /// No pod with a sidecar sees it.
    NoCaller,
    /// No control plane reads its object.
    Undiscovered,
    /// An EnvoyFilter may change what proxies do with its calls.
    EnvoyFilter,
    /// Facts that decide about its calls were not given.
    NotGiven,
}

impl NotWalked {
    /// A host with the reason in words.
    pub(crate) fn new(host: &str, namespace: &str, reason: Obstacle) -> Self {
        let because = reason.wording().into();
        NotWalked { host: cut(host), namespace: cut(namespace), reason, because, missing: BTreeSet::new() }
    }

    /// The same host in a mesh with EnvoyFilters, where its calls could be followed without them.
    pub(crate) fn with_envoy_filter(self) -> Self {
        if !self.reason.is_followed() {
            return self;
        }
        NotWalked::new(&self.host, &self.namespace, Obstacle::EnvoyFilter)
    }

    /// The same host where its calls could be followed with facts of these kinds.
    pub(crate) fn without(self, missing: &BTreeSet<Input>) -> Self {
        if missing.is_empty() || !self.reason.is_followed() {
            return self;
        }
        let names: Vec<String> = missing.iter().map(Input::to_string).collect();
        let because = format!("{}: {}", Obstacle::NotGiven.wording(), list(&names)).into();
        NotWalked { reason: Obstacle::NotGiven, because, missing: missing.clone(), ..self }
    }
}

impl Obstacle {
    /// Whether calls may leave by a path that was not followed. With the other reasons no call is known: there is no gateway,
    /// no caller, or no control plane.
    pub fn is_limit(self) -> bool {
        !matches!(self, Obstacle::NoGateway | Obstacle::NoCaller | Obstacle::Undiscovered)
    }

    /// Whether calls to such a host are followed where all facts are known.
    fn is_followed(self) -> bool {
        match self {
            Obstacle::Tcp
            | Obstacle::Wildcard
            | Obstacle::Endpoints
            | Obstacle::Waypoint
            | Obstacle::MissingService => true,
            Obstacle::Name
            | Obstacle::GatewayApi
            | Obstacle::NoGateway
            | Obstacle::NoCaller
            | Obstacle::Undiscovered
            | Obstacle::EnvoyFilter
            | Obstacle::NotGiven => false,
        }
    }

    /// The reason, after `because`.
    pub fn wording(self) -> &'static str {
        match self {
            Obstacle::Tcp => "TCP routes take it to the gateway",
            Obstacle::Wildcard => "it is routed by a wildcard",
            Obstacle::Name => "its name is not a DNS name outside the cluster",
            Obstacle::Endpoints => "its ServiceEntry has the gateway as its endpoint",
            Obstacle::GatewayApi => "a Gateway API route takes it",
            Obstacle::Waypoint => "a waypoint takes it",
            Obstacle::MissingService => "its route leads to a Service that does not exist",
            Obstacle::NoGateway => "there is no egress gateway",
            Obstacle::NoCaller => "no pod with a sidecar sees it",
            Obstacle::EnvoyFilter => "EnvoyFilters may change its path",
            Obstacle::Undiscovered => "no control plane discovers its namespace",
            Obstacle::NotGiven => "not given",
        }
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}
