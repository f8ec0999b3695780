//! Endpoints: who may say where a Service leads.
//!
//! A Service without selector leads wherever its endpoints say, also out of the mesh, and a sidecar follows it under
//! `REGISTRY_ONLY` as well. What address is outside cannot be told from one object, so all are refused that neither a
//! controller of Kubernetes nor a user of the guard's list wrote. Knows nothing of Services.

use serde_json::Value;

use super::common;
use super::judge::items;
use super::rule::GuardRule;
use super::scope::Guard;
use crate::admission::{AdmissionPolicy, Clause, ResourceRule, list};

/// Who writes endpoints in every cluster: the API server its own, the controllers those of pods.
const WRITERS: [&str; 2] = ["system:apiserver", "system:kube-controller-manager"];
/// Where the controllers have service accounts of their own.
const CONTROLLERS: &str = "system:serviceaccounts:kube-system";

pub(super) fn slices(guard: &Guard) -> AdmissionPolicy {
    let changed = "oldObject == null || object.?endpoints.orValue([]) != oldObject.?endpoints.orValue([])";
    let empty = "object.?endpoints.orValue([]).all(e, size(e.?addresses.orValue([])) == 0)";
    policy(guard, ResourceRule::new("discovery.k8s.io", "v1", "endpointslices"), changed, empty)
}

pub(super) fn endpoints(guard: &Guard) -> AdmissionPolicy {
    let changed = "oldObject == null || object.?subsets.orValue([]) != oldObject.?subsets.orValue([])";
    let empty = "object.?subsets.orValue([]).all(s, size(s.?addresses.orValue([])) == 0 \
         && size(s.?notReadyAddresses.orValue([])) == 0)";
    policy(guard, ResourceRule::new("", "v1", "endpoints"), changed, empty)
}

pub(super) fn judge(object: &Value) -> Vec<GuardRule> {
    let lists = |items_of: &Value, keys: &[&str]| {
        items(items_of).iter().any(|item| keys.iter().any(|key| !items(&item[*key]).is_empty()))
    };
    let leads = lists(&object["endpoints"], &["addresses"])
        || lists(&object["subsets"], &["addresses", "notReadyAddresses"]);
    if leads { vec![GuardRule::OutsideEndpoints] } else { Vec::new() }
}

fn policy(guard: &Guard, resource: ResourceRule, changed: &str, empty: &str) -> AdmissionPolicy {
    let writers = guard.endpoint_writers.iter().map(String::as_str);
    let controller = format!(
        "!(request.userInfo.?username.orValue('') in {} || request.userInfo.?groups.orValue([]).exists(g, g == '{CONTROLLERS}'))",
        list(WRITERS.into_iter().chain(writers))
    );
    let mut policy = common::policy(
        guard,
        resource,
        changed,
        Vec::new(),
        &[(GuardRule::OutsideEndpoints, empty.to_owned())],
    );
    policy.conditions.insert(0, Clause::new("no-controller", controller));
    policy
}
