//! Two readings as one: parts of the same files, or files over a cluster.
//!
//! Every field is named, so that the compiler asks about a new one.

use std::collections::BTreeSet;

use super::{
    ExportFacts, GatewayApiObject, Named, RelatedResources, SliceFacts, WebhookFacts, WorkloadFacts,
};

impl RelatedResources {
    /// Adds what was read after this.
    pub fn append(&mut self, later: Self) {
        let Self {
            authorization_policies,
            peer_authentications,
            gateway_api,
            envoy_filters,
            network_policies,
            endpoint_slices,
            workloads,
            budgets,
            autoscalers,
            workload_entries,
            secrets,
            access_roles,
            access_bindings,
            webhooks,
            istiod,
            sync,
            export,
        } = later;
        self.authorization_policies.extend(authorization_policies);
        self.peer_authentications.extend(peer_authentications);
        self.gateway_api.extend(gateway_api);
        self.envoy_filters.extend(envoy_filters);
        self.network_policies.extend(network_policies);
        self.endpoint_slices.extend(endpoint_slices);
        self.workloads.extend(workloads);
        self.budgets.extend(budgets);
        self.autoscalers.extend(autoscalers);
        self.workload_entries.extend(workload_entries);
        self.secrets.extend(secrets);
        self.access_roles.extend(access_roles);
        self.access_bindings.extend(access_bindings);
        replace(&mut self.webhooks, webhooks, of_webhook);
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
        self.append(Self { sync: None, export: ExportFacts::default(), ..applied });
        self.keep_last();
    }

    /// Keeps the last of several objects with the same identity. Of webhooks there are no others.
    pub fn keep_last(&mut self) {
        let Self {
            authorization_policies,
            peer_authentications,
            gateway_api,
            envoy_filters,
            network_policies,
            endpoint_slices,
            workloads,
            budgets,
            autoscalers,
            workload_entries,
            secrets,
            access_roles,
            access_bindings,
            webhooks: _,
            istiod,
            sync: _,
            export: _,
        } = self;
        keep_last(authorization_policies, of_named);
        keep_last(peer_authentications, of_named);
        keep_last(gateway_api, of_gateway_api);
        keep_last(envoy_filters, of_named);
        keep_last(network_policies, of_named);
        keep_last(endpoint_slices, of_slice);
        keep_last(workloads, of_workload);
        keep_last(budgets, of_named);
        keep_last(autoscalers, of_named);
        keep_last(workload_entries, of_named);
        keep_last(access_roles, of_named);
        keep_last(access_bindings, of_named);
        keep_last(secrets, |one| (one.namespace.clone(), one.name.clone()));
        keep_last(istiod, |one| (one.namespace.clone(), one.name.clone()));
    }
}

fn of_named<S>(one: &Named<S>) -> (String, String) {
    (one.namespace.clone(), one.name.clone())
}

fn of_gateway_api(one: &GatewayApiObject) -> (String, (String, String)) {
    (one.kind.clone(), of_named(&one.object))
}

fn of_slice(one: &Named<SliceFacts>) -> (String, (String, String)) {
    (one.spec.kind.clone(), of_named(one))
}

fn of_workload(one: &WorkloadFacts) -> (String, String, String) {
    (one.kind.clone(), one.namespace.clone(), one.name.clone())
}

/// A configuration is one object, with all its webhooks.
pub(super) fn of_webhook(one: &WebhookFacts) -> (String, String) {
    (one.kind.clone(), one.configuration.clone())
}

/// Replaces objects with the same identity, and adds new ones.
pub fn replace<T, K: Ord>(live: &mut Vec<T>, applied: Vec<T>, identity: impl Fn(&T) -> K) {
    let replaced: BTreeSet<K> = applied.iter().map(&identity).collect();
    live.retain(|object| !replaced.contains(&identity(object)));
    live.extend(applied);
}

/// Keeps the last of several objects with the same identity.
pub fn keep_last<T, K: Ord>(objects: &mut Vec<T>, identity: impl Fn(&T) -> K) {
    let mut later = BTreeSet::new();
    let mut is_last: Vec<bool> = objects.iter().rev().map(|object| later.insert(identity(object))).collect();
    objects.retain(|_| is_last.pop().unwrap_or_default());
}
