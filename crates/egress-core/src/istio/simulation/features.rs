//! Which calls the settings of istiod leave open.
//!
//! What a setting says where it is followed is with the rule that it changes.

use super::service::ServiceSource;
use super::world::World;
use crate::istio::features::Reach;
use crate::snapshot::PodFacts;

impl World<'_> {
    /// Whether nobody knows what becomes of a call of a pod to this name.
    pub(super) fn features_leave_open(&self, pod: &PodFacts, host: Option<&str>) -> bool {
        let open = |reach: Reach| self.features.leave_open(reach);
        open(Reach::All)
            || (open(Reach::GatewayApi) && !self.related.gateway_api.is_empty())
            || (open(Reach::DottedNames) && host.is_some_and(|host| host.ends_with('.')))
            || (open(Reach::SixthVersion) && pod.addresses.iter().any(|address| address.contains(':')))
            || (self.has_no_ambient_mode() && self.is_captured(pod))
    }

    /// Whether it is not known what waypoints and ztunnels do: istiod may tell them nothing.
    pub(super) fn has_no_ambient_mode(&self) -> bool {
        self.features.has_no_ambient_mode() || self.features.leave_open(Reach::Ambient)
    }

    /// Whether a host has endpoints by a selector, and nobody knows which of them count.
    pub(super) fn has_open_selection(&self, host: &str) -> bool {
        self.features.leave_open(Reach::Selected)
            && self.services_of(host).any(|service| match service.source {
                ServiceSource::Kubernetes(facts) => !facts.selector.is_empty(),
                ServiceSource::Entry(entry) => {
                    entry.service_entry().is_some_and(|spec| spec.workload_selector.is_some())
                }
            })
    }
}
