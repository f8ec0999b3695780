//! Why a way ends as it does: the settings and objects that decided.

use egress_core::istio::call::{Call, End, Passage, Refusal};
use egress_core::istio::simulation::EndCause;
use egress_core::proxy::port_and_host;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::{OutboundMode, PodFacts};
use egress_core::visibility::sidecar::outbound_mode;
use egress_core::visibility::virtual_service::is_exact;

use super::WayHop;
use super::ambient_ways::AmbientHost;
use super::called_ports::entries;
use crate::finding::Place;
use crate::fixes::cause_words::cause_words;
use crate::traffic::host_call::SpokenProtocol;
use crate::view::View;

/// A call of a pod to a host.
pub(super) struct CalledHost<'a, 'q> {
    pub(super) view: &'q View<'a>,
    pub(super) pod: &'a PodFacts,
    pub(super) host: &'q str,
    pub(super) protocol: SpokenProtocol,
    pub(super) call: &'q Call,
    /// What ztunnel does with it; none where the caller has a sidecar.
    pub(super) ambient: Option<&'q AmbientHost<'a>>,
}

impl CalledHost<'_, '_> {
    /// The reasons, the most important first.
    pub(super) fn reasons(&self, passage: &Passage, hops: &[WayHop]) -> Vec<String> {
        let first = passage.hops.first();
        let is_unknown = match (&passage.end, first) {
            (End::Refused(refusal), None) => *refusal == Refusal::Blocked,
            (_, Some(hop)) => port_and_host(&hop.cluster).is_none(),
            (_, None) => false,
        };
        let mut found = Vec::new();
        if is_unknown {
            found.push(self.outbound_policy());
        }
        found.extend(self.egress_proxy(passage));
        let by_route = hops.first().and_then(|hop| hop.route.as_ref());
        found.extend(by_route.and_then(|place| self.wildcard_route(place)));
        let stays_out = passage.hops.len() < 2;
        match &passage.end {
            End::Leaves { .. } if stays_out && !is_unknown && by_route.is_none() => {
                let service = hops.first().and_then(|hop| hop.service.as_ref());
                found.extend(service.map(|service| self.declared(service)));
            }
            End::Refused(_) => found.extend(self.refused(passage)),
            End::Leaves { .. } | End::Arrives { .. } | End::Undecided => {}
        }
        let at_caller =
            matches!(passage.end, End::Leaves { .. } | End::Refused(Refusal::Blocked)) && stays_out;
        if at_caller {
            found.extend(self.losers(passage, is_unknown));
        }
        found
    }

    /// Which object or setting says what happens to hosts that a sidecar does not know.
    fn outbound_policy(&self) -> String {
        let word = |mode: OutboundMode| match mode {
            OutboundMode::RegistryOnly => "REGISTRY_ONLY",
            OutboundMode::AllowAny => "ALLOW_ANY",
            OutboundMode::AllowAnyDynamicDns => "ALLOW_ANY_DYNAMIC_DNS",
        };
        let sidecar = self.view.sidecar_for(&self.pod.namespace, &self.pod.labels);
        let own = sidecar.and_then(|sidecar| Some((sidecar, outbound_mode(sidecar)?)));
        match (own, self.view.mesh().outbound) {
            (Some((sidecar, mode)), _) => {
                format!("outboundTrafficPolicy of {} is {}", Place::of(&sidecar.id).object(), word(mode))
            }
            (None, Some(mode)) => format!("outboundTrafficPolicy of the mesh is {}", word(mode)),
            (None, None) => "outboundTrafficPolicy is not set, and ALLOW_ANY is the default".to_owned(),
        }
    }

    /// The Sidecar that sends unknown hosts to a proxy, if it did.
    fn egress_proxy(&self, passage: &Passage) -> Option<String> {
        let hop = passage.hops.first().filter(|hop| hop.route.is_none())?;
        let (_, host) = port_and_host(&hop.cluster)?;
        let sidecar = self.view.sidecar_for(&self.pod.namespace, &self.pod.labels)?;
        let policy = sidecar.sidecar()?.outbound_traffic_policy.as_ref()?;
        let is_it = policy.egress_proxy.as_ref().is_some_and(|proxy| proxy.host == host) && host != self.host;
        is_it.then(|| format!("{} sends unknown hosts there: egressProxy", Place::of(&sidecar.id).object()))
    }

    /// A route that takes the host by a wildcard.
    fn wildcard_route(&self, place: &Place) -> Option<String> {
        let (namespace, name) = (place.namespace.clone()?, place.name.clone());
        let route = self.view.find(&ObjectId { kind: Kind::VirtualService, namespace, name })?;
        let hosts = route.virtual_service()?.hosts.as_deref().unwrap_or_default();
        let covers = |name: &&String| egress_core::visibility::host_matches(name, self.host);
        let name = hosts.iter().find(covers).filter(|_| !is_exact(route, self.host))?;
        Some(format!("{} takes {name}", place.object()))
    }

    /// The object by which a sidecar knows the host.
    fn declared(&self, service: &Place) -> String {
        let entries = entries(self.view, &self.pod.namespace, self.host);
        let hosts = entries.iter().filter_map(|entry| entry.service_entry()).flat_map(|spec| &spec.hosts);
        let covers = |name: &&String| egress_core::visibility::host_matches(name, self.host);
        let name = hosts.into_iter().find(covers).map_or(self.host, String::as_str);
        format!("{} declares {name}, and no route leads the call to a gateway", service.object())
    }

    /// What is known of a refusal.
    fn refused(&self, passage: &Passage) -> Vec<String> {
        let route = passage.hops.first().and_then(|hop| hop.route.as_deref()?.split_once('/'));
        let id = route.map(|(namespace, name)| ObjectId {
            kind: Kind::VirtualService,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
        id.and_then(|id| self.view.find(&id)).map(|route| self.cause(route, passage)).unwrap_or_default()
    }

    /// Why a route did not get the call.
    pub(super) fn cause(&self, route: &Resource, passage: &Passage) -> Vec<String> {
        let rules = match self.protocol {
            SpokenProtocol::Http => "http",
            SpokenProtocol::Tls => "tls",
            SpokenProtocol::Tcp => "tcp",
        };
        let found = self.view.simulation().cause(self.call, self.host, route, passage);
        let words = found.as_ref().map(|found| cause_words(found, rules)).unwrap_or_default();
        match found {
            // The same for callers of all namespaces.
            Some(EndCause::Hidden { object: (kind, namespace, name), viewer })
                if viewer == self.pod.namespace =>
            {
                vec![format!(
                    "{} is not exported to the callers",
                    Place::new(kind, Some(&namespace), &name).object()
                )]
            }
            _ => words,
        }
    }
}
