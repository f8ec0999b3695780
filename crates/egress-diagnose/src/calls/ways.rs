//! The ways of one call in words and objects; ways that differ in the gateway's pod alone are one.

use egress_core::input::Input;
use egress_core::istio::call::{End, Passage, Refusal};
use egress_core::snapshot::GatewayFacts;

use super::ambient_ways::AmbientHost;
use super::hops::hops;
use super::limits::Limit;
use super::reasons::CalledHost;
use super::unsure;
use super::{CallWay, WayHop, WayResult};
use crate::traffic::host_call::{ANYWHERE, SpokenProtocol};
use crate::view::View;

impl CalledHost<'_, '_> {
    /// The ways, empty where the caller has no sidecar.
    ///
    /// # Errors
    /// The objects do not tell them.
    pub(super) fn ways(&self) -> Result<Vec<CallWay>, Limit> {
        let mut found: Vec<CallWay> = Vec::new();
        for passage in self.view.simulation().passages(self.call) {
            let way = self.way(&passage)?;
            match found.iter_mut().find(|known| is_same(known, &way)) {
                Some(known) => add_pods(known, way),
                None => found.push(way),
            }
        }
        Ok(found)
    }

    fn way(&self, passage: &Passage) -> Result<CallWay, Limit> {
        let (hops, mut because) = if let Some(ambient) = self.ambient {
            (ambient.hops(self.view, self.call, passage), ambient.reasons(passage))
        } else {
            let hops = hops(self.view, self.call, self.host, passage);
            let because = self.reasons(passage, &hops);
            (hops, because)
        };
        let gateway = hops.last().and_then(|hop| gateway_of(self.view, hop));
        let name = gateway.map(|gateway| gateway.name.clone());
        let waypoint = self.ambient.and_then(AmbientHost::waypoint);
        let through = name.as_ref().map(|name| format!("gateway {name}")).or(waypoint);
        let (result, to, refusal) = match &passage.end {
            End::Leaves { to, port } => {
                let is_called = to.parse() == Ok(ANYWHERE);
                let to = format!("{}:{port}", if is_called { self.host } else { to.as_str() });
                let result = if hops.len() > 1 { WayResult::ThroughGateway } else { WayResult::Directly };
                (result, Some(to), None)
            }
            End::Arrives { pod, port } => (WayResult::InCluster, Some(format!("{pod}:{port}")), None),
            End::Refused(refusal) => (WayResult::Refused, None, Some(*refusal)),
            End::Undecided => return Err(unsure::undecided(self.view, gateway)),
        };
        let place = to.as_deref().unwrap_or_default();
        let summary = match (result, refusal) {
            (WayResult::ThroughGateway, _) => {
                let last = passage.hops.last().map(|hop| format!("pod {}", hop.proxy)).unwrap_or_default();
                format!("leaves through {} for {place}", through.unwrap_or(last))
            }
            (WayResult::Directly, _) => format!("leaves directly from the caller's node for {place}"),
            (WayResult::InCluster, _) => format!("stays in the cluster: pod {place}"),
            (WayResult::Refused, refusal) => {
                let at = match (through, hops.last()) {
                    (Some(name), _) => name,
                    (None, Some(hop)) if !hop.pods.is_empty() => format!("pod {}", hop.pods.join(", ")),
                    (None, _) if self.ambient.is_some() => "ztunnel".to_owned(),
                    (None, _) => "the caller's sidecar".to_owned(),
                };
                let port = hops.last().and_then(|hop| hop.port).unwrap_or(self.call.port);
                refusal.map(|refusal| refused(refusal, &at, self.protocol, port)).unwrap_or_default()
            }
        };
        if result == WayResult::ThroughGateway && self.view.authorization_policies().is_err() {
            because.push(format!("{} are not known: one may refuse it", Input::AuthorizationPolicies));
        }
        let policies = gateway.map(|gateway| unsure::policies(self.view, gateway));
        Ok(CallWay {
            result,
            summary,
            gateway: name,
            to,
            refusal,
            because,
            may_be_refused_by: policies.filter(|_| result == WayResult::ThroughGateway).unwrap_or_default(),
            hops,
        })
    }
}

/// The gateway that the pods of a hop belong to.
fn gateway_of<'a>(view: &View<'a>, hop: &WayHop) -> Option<&'a GatewayFacts> {
    let is_of = |gateway: &&GatewayFacts| {
        gateway.pods.iter().any(|pod| hop.pods.contains(&format!("{}/{}", pod.namespace, pod.name)))
    };
    view.gateways().iter().find(is_of)
}

/// What the caller gets.
fn refused(refusal: Refusal, at: &str, protocol: SpokenProtocol, port: u16) -> String {
    let gets = |status: &str| match protocol {
        SpokenProtocol::Http => status.to_owned(),
        SpokenProtocol::Tls | SpokenProtocol::Tcp => "a reset".to_owned(),
    };
    match refusal {
        Refusal::Blocked => format!("refused by {at} with {}", gets("502")),
        Refusal::NoListener => {
            format!("refused at {at}, where nothing listens on the port, with {}", gets("503"))
        }
        Refusal::NoFilterChain => {
            format!("refused by {at}, which has no filter chain for it, with {}", gets("503"))
        }
        Refusal::NoRoute => format!("refused by {at}, which has no route for it, with 404"),
        Refusal::NoCluster => {
            format!("refused by {at}, whose route leads to no cluster, with {}", gets("503"))
        }
        Refusal::NoEndpoint => {
            format!("refused by {at}, whose cluster has no endpoint, with {}", gets("503"))
        }
        Refusal::OtherProtocol => {
            format!("refused by {at}, which expects another protocol on port {port}, with {}", gets("503"))
        }
        Refusal::ByPolicy => {
            format!("refused by an AuthorizationPolicy at {at}, with {}", gets("403"))
        }
        Refusal::Answered(status) => format!("answered by a rule at {at} with {status}"),
        Refusal::Loop => format!("goes in a circle through {at} until a limit ends it"),
    }
}

/// Whether two ways differ at most in the pods of gateways.
fn is_same(one: &CallWay, other: &CallWay) -> bool {
    let plain = |way: &CallWay| {
        let hops = way.hops.iter().map(|hop| WayHop { pods: Vec::new(), ..hop.clone() }).collect();
        CallWay { hops, ..way.clone() }
    };
    plain(one) == plain(other)
}

fn add_pods(known: &mut CallWay, more: CallWay) {
    for (hop, more) in known.hops.iter_mut().zip(more.hops) {
        for pod in more.pods {
            if !hop.pods.contains(&pod) {
                hop.pods.push(pod);
            }
        }
    }
}
