//! Client TLS settings, servers and authorization of a gateway, computed once for all its hosts.
//!
//! Makes no findings.

use std::sync::Arc;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::destination_rule::{ServiceHost, destination_rules};

use super::View;
use crate::finding::Readable;
use crate::istio::authorization::Authorization;
use crate::istio::client_tls::DestinationRules;
use crate::istio::listeners::Listeners;

impl<'a> View<'a> {
    /// The DestinationRules that apply to calls from a namespace to a gateway's Service.
    pub(crate) fn hop_rules(&self, client: &str, gateway: &GatewayFacts) -> Arc<DestinationRules<'a>> {
        self.note(Input::DestinationRules);
        let key = (client.to_owned(), gateway.name.clone());
        self.shared
            .hop_rules
            .get(key, || DestinationRules::new(self.rules_seen_from(client, gateway).all.clone()))
    }

    /// The DestinationRules that apply to calls from a namespace to a host of a ServiceEntry in namespace `owner`.
    pub(crate) fn rules_for(&self, client: &str, host: &str, owner: &str) -> DestinationRules<'a> {
        self.note(Input::DestinationRules);
        let rules = self.shared.index.destination_rules(host);
        let destination = ServiceHost { host, namespace: owner };
        DestinationRules::new(destination_rules(rules, &self.shared.facts.snapshot.mesh, destination, client))
    }

    /// The servers of a gateway's pods.
    pub(crate) fn listeners(&self, gateway: &GatewayFacts) -> Arc<Listeners<'a>> {
        self.note(Input::GatewayObjects);
        let known = &self.shared.listeners;
        known.get(gateway.name.clone(), || Listeners::new(self.gateway_objects(), gateway))
    }

    /// The AuthorizationPolicies of a gateway's pods.
    pub(crate) fn authorization(&self, gateway: &GatewayFacts) -> Readable<Arc<Authorization<'a>>> {
        let policies = self.authorization_policies()?;
        let root = &self.mesh().root_namespace;
        let known = &self.shared.authorizations;
        Ok(known.get(gateway.name.clone(), || Authorization::new(policies, root, gateway)))
    }

    /// Every VirtualService.
    pub(crate) fn all_virtual_services(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::VirtualServices);
        self.shared.index.of_kind(Kind::VirtualService).iter().copied()
    }
}
