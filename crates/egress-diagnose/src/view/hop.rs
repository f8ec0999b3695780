//! What proxies speak and expect, worked out once for all the hosts that share it.
//!
//! Judges nothing.

use std::rc::Rc;

use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::destination_rule::{Destination, destination_rules};

use super::{Known, View};
use crate::authorization::Authorization;
use crate::check::Input;
use crate::client_tls::Rules;
use crate::servers::Listeners;

impl<'a> View<'a> {
    /// The DestinationRules that count for the pods of a namespace when they call a gateway's Service.
    pub(crate) fn hop_rules(&self, client: &str, gateway: &GatewayFacts) -> Rc<Rules<'a>> {
        self.note(Input::DestinationRules);
        let mut known = self.hop_rules.borrow_mut();
        let rules = known
            .entry((client.to_owned(), gateway.name.clone()))
            .or_insert_with(|| Rc::new(Rules::new(self.rules_seen_from(client, gateway).all.clone())));
        Rc::clone(rules)
    }

    /// The DestinationRules that count for the pods of a namespace when they call a host that `owner` declares.
    pub(crate) fn rules_for(&self, client: &str, host: &str, owner: &str) -> Rules<'a> {
        self.note(Input::DestinationRules);
        let rules = self.index.destination_rules(host);
        let destination = Destination { host, namespace: owner };
        Rules::new(destination_rules(rules, &self.evidence.snapshot.mesh, destination, client))
    }

    /// What a gateway's pods listen for.
    pub(crate) fn listeners(&self, gateway: &GatewayFacts) -> Rc<Listeners<'a>> {
        self.note(Input::GatewayObjects);
        let mut known = self.listeners.borrow_mut();
        let listeners = known
            .entry(gateway.name.clone())
            .or_insert_with(|| Rc::new(Listeners::new(self.gateway_objects(), gateway)));
        Rc::clone(listeners)
    }

    /// What is enforced at a gateway's pods.
    pub(crate) fn authorization(&self, gateway: &GatewayFacts) -> Known<Rc<Authorization<'a>>> {
        let policies = self.authorization_policies()?;
        let mut known = self.authorizations.borrow_mut();
        let root = &self.mesh().root_namespace;
        let found = known
            .entry(gateway.name.clone())
            .or_insert_with(|| Rc::new(Authorization::new(policies, root, gateway)));
        Ok(Rc::clone(found))
    }

    /// Every VirtualService.
    pub(crate) fn all_virtual_services(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::VirtualServices);
        self.index.of_kind(Kind::VirtualService).iter().copied()
    }
}
