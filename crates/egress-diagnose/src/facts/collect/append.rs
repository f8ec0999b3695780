//! Merges several collectors.

use super::Collector;

impl Collector {
    /// Adds the objects that another collector took after this one.
    pub fn append(&mut self, later: Self) {
        let Collector { evidence, services, pods, given } = later;
        self.services.extend(services);
        self.pods.extend(pods);
        self.given.extend(given);
        let (snapshot, surroundings) = (evidence.snapshot, evidence.surroundings);
        let own = &mut self.evidence.snapshot;
        own.resources.extend(snapshot.resources);
        own.nodes.extend(snapshot.nodes);
        own.namespaces.extend(snapshot.namespaces);
        own.unreadable.extend(snapshot.unreadable);
        if snapshot.mesh.outbound.is_some() {
            own.mesh = snapshot.mesh;
        }
        let around = &mut self.evidence.surroundings;
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
        for (egress, refusals) in evidence.refusals {
            self.evidence.refusals.entry(egress).or_default().extend(refusals);
        }
        self.evidence.rights.extend(evidence.rights);
        self.evidence.gaps.extend(evidence.gaps);
        self.evidence.proxies.extend(evidence.proxies);
        if let (Ok(own), Ok(demands)) = (&mut self.evidence.demands, evidence.demands) {
            own.extend(demands);
        }
    }
}
