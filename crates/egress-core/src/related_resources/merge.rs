//! Two readings as one: parts of the same files, or files over a cluster.
//!
//! Every field is named, so that the compiler asks about a new one.

use std::collections::BTreeSet;

use super::{ExportFacts, RelatedResources};

impl RelatedResources {
    /// Adds what was read after this.
    pub fn append(&mut self, later: Self) {
        let Self {
            authorization_policies,
            peer_authentications,
            gateway_api,
            network_policies,
            endpoint_slices,
            workloads,
            budgets,
            autoscalers,
            secrets,
            webhooks,
            istiod,
            sync,
            export,
        } = later;
        self.authorization_policies.extend(authorization_policies);
        self.peer_authentications.extend(peer_authentications);
        self.gateway_api.extend(gateway_api);
        self.network_policies.extend(network_policies);
        self.endpoint_slices.extend(endpoint_slices);
        self.workloads.extend(workloads);
        self.budgets.extend(budgets);
        self.autoscalers.extend(autoscalers);
        self.secrets.extend(secrets);
        self.webhooks.extend(webhooks);
        self.istiod.extend(istiod);
        if let Some(sync) = sync {
            self.sync.get_or_insert_default().extend(sync);
        }
        let ExportFacts { exists, flaws, unreadable } = export;
        self.export.exists |= exists;
        self.export.flaws.extend(flaws);
        self.export.unreadable = self.export.unreadable.take().or(unreadable);
    }

    /// Applies what files say: an object with the same identity is replaced. What istiod and the exported policy say is of
    /// the cluster, and stays.
    pub fn lay_over(&mut self, applied: Self) {
        let Self {
            authorization_policies,
            peer_authentications,
            gateway_api,
            network_policies,
            endpoint_slices,
            workloads,
            budgets,
            autoscalers,
            secrets,
            webhooks,
            istiod,
            sync: _,
            export: _,
        } = applied;
        macro_rules! named {
            ($($field:ident),*) => {
                $(replace(&mut self.$field, $field, |one| (one.namespace.clone(), one.name.clone()));)*
            };
        }
        named!(authorization_policies, peer_authentications, network_policies, endpoint_slices);
        named!(budgets, autoscalers, secrets, istiod);
        replace(&mut self.workloads, workloads, |one| {
            (one.kind.clone(), one.namespace.clone(), one.name.clone())
        });
        // A configuration is one object, with all its webhooks.
        replace(&mut self.webhooks, webhooks, |one| (one.kind.clone(), one.configuration.clone()));
        replace(&mut self.gateway_api, gateway_api, |one| {
            (one.kind.clone(), one.object.namespace.clone(), one.object.name.clone())
        });
    }
}

/// Replaces objects with the same identity, and adds new ones.
pub fn replace<T, K: Ord>(live: &mut Vec<T>, applied: Vec<T>, identity: impl Fn(&T) -> K) {
    let replaced: BTreeSet<K> = applied.iter().map(&identity).collect();
    live.retain(|object| !replaced.contains(&identity(object)));
    live.extend(applied);
}
