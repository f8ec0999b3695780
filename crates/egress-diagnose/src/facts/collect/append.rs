//! Merges several collectors.

use super::Collector;

impl Collector {
    /// Adds the objects that another collector took after this one.
    pub fn append(&mut self, later: Self) {
        let Collector { facts, services, pods, given } = later;
        self.services.extend(services);
        self.pods.extend(pods);
        self.given.extend(given);
        let (snapshot, surroundings) = (facts.snapshot, facts.surroundings);
        let own = &mut self.facts.snapshot;
        own.resources.extend(snapshot.resources);
        own.nodes.extend(snapshot.nodes);
        own.namespaces.extend(snapshot.namespaces);
        own.unreadable.extend(snapshot.unreadable);
        if snapshot.mesh.outbound.is_some() {
            own.mesh = snapshot.mesh;
        }
        let around = &mut self.facts.surroundings;
        around.authorization_policies.extend(surroundings.authorization_policies);
        around.peer_authentications.extend(surroundings.peer_authentications);
        around.gateway_api.extend(surroundings.gateway_api);
        around.network_policies.extend(surroundings.network_policies);
        around.workloads.extend(surroundings.workloads);
        around.budgets.extend(surroundings.budgets);
        around.autoscalers.extend(surroundings.autoscalers);
        around.secrets.extend(surroundings.secrets);
        around.webhooks.extend(surroundings.webhooks);
        around.export.exists |= surroundings.export.exists;
        around.export.flaws.extend(surroundings.export.flaws);
        if let Some(sync) = surroundings.sync {
            around.sync.get_or_insert_default().extend(sync);
        }
        for (egress, refusals) in facts.refusals {
            self.facts.refusals.entry(egress).or_default().extend(refusals);
        }
        self.facts.rights.extend(facts.rights);
        self.facts.gaps.extend(facts.gaps);
        self.facts.proxies.extend(facts.proxies);
        if let (Ok(own), Ok(demands)) = (&mut self.facts.demands, facts.demands) {
            own.extend(demands);
        }
    }
}
