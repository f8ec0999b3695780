//! Fixes by NetworkPolicies.
//!
//! Knows how to block direct egress and still allow calls inside the cluster. Whether the network plugin enforces a
//! policy is not known here, and never claimed.

use egress_core::related_resources::Named;
use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use serde_json::{Value, json};

use super::{apply, patched};
use crate::finding::Fix;
use crate::kubernetes::network_policy::AllowingRule;

/// The name of the policy that [`keep_inside`] writes.
const NAME: &str = "egress-only-inside";

/// Writes a policy that allows the pods of a namespace to call pods of the cluster, and nothing else.
pub(crate) fn keep_inside(namespace: &str) -> Fix {
    let manifest = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "name": NAME, "namespace": namespace },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": [{ "to": pods_of_the_cluster() }] },
    });
    apply(
        &manifest,
        "allows egress only to pods of the cluster, including the gateway, if the CNI plugin enforces policies; \
         also allow the API server and a DNS server on the nodes, if the pods need them",
    )
}

/// Changes the rules of one policy that allow direct egress, so that they allow calls to pods of the cluster only.
pub(crate) fn narrow(policy: &Named<NetworkPolicySpec>, allowing_rules: &[AllowingRule<'_>]) -> Fix {
    let operations: Vec<Value> = allowing_rules
        .iter()
        .map(|allowing| match allowing.peer {
            Some((peer, _)) => json!({
                "op": "replace",
                "path": format!("/spec/egress/{}/to/{peer}", allowing.rule),
                "value": { "namespaceSelector": {} },
            }),
            None => json!({
                "op": "add",
                "path": format!("/spec/egress/{}/to", allowing.rule),
                "value": pods_of_the_cluster(),
            }),
        })
        .collect();
    patched(
        ("networkpolicy", &policy.name, &policy.namespace),
        &Value::from(operations),
        "limits the rule to the pods of the cluster; allow other needed destinations by address",
    )
}

/// As a peer of a rule.
fn pods_of_the_cluster() -> Value {
    json!([{ "namespaceSelector": {} }])
}
