//! The DestinationRules that apply to calls to a gateway, computed once for all its hosts.
//!
//! Makes no findings.

use std::sync::Arc;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::destination_rule::{ServiceHost, destination_rules};

use super::View;
use super::visible_rules::SeenRules;

impl<'a> View<'a> {
    /// The DestinationRules that apply to calls from a namespace to a gateway's Service.
    pub(crate) fn rules_seen_from(&self, client: &str, gateway: &GatewayFacts) -> Arc<SeenRules<'a>> {
        self.note(Input::DestinationRules);
        self.shared.rules.get((client.to_owned(), gateway.name.clone()), || {
            let host = self.service_host(gateway);
            let destination = ServiceHost { host: &host, namespace: &gateway.name.namespace };
            let mesh = &self.shared.facts.snapshot.mesh;
            SeenRules::of(destination_rules(self.destination_rules(), mesh, destination, client))
        })
    }

    /// The DestinationRules with a subset of this name, for any host and with any `exportTo`.
    pub(crate) fn holders_of(&self, subset: &str) -> &[&'a Resource] {
        self.note(Input::DestinationRules);
        self.shared.index.subset_holders(subset)
    }
}
