//! The guard: what the API server refuses, so that no namespace gets between another one and its gateway.
//!
//! Each rule stands twice, side by side: as CEL, which the API server holds for everybody who writes, and as a function
//! on the same object, which says what exists already and would be refused, and holds the CEL to its word in tests. Knows
//! the shapes that `add` writes. Knows nothing of clusters.
//!
//! What is guarded: hosts below `.egress.internal`, routes at the shared Gateway of a guarded gateway, Gateway objects for
//! its pods, this program's label and annotations, and endpoints written by hand. What is not: objects in the gateway's own
//! namespace and in the mesh's root namespace that only their owners may write (EnvoyFilter, DestinationRule, Gateway),
//! and entries for hosts outside the mesh under their own name, which Istio exports to everybody by default.

mod common;
mod destination_rule;
mod endpoints;
mod gateway;
mod judge;
mod labels;
mod rule;
mod scope;
mod service_entry;
mod trials;
mod virtual_service;

use serde_json::Value;

pub use self::rule::GuardRule;
pub use self::scope::{
    BYPASS, BYPASS_GROUP, BYPASS_RESOURCE, BYPASS_VERB, Guard, GuardSettings, GuardedGateway,
};
use super::{AdmissionPolicy, Trial};

impl Guard {
    /// The policies, in the order of writing.
    pub fn policies(&self) -> Vec<AdmissionPolicy> {
        vec![
            service_entry::policy(self),
            virtual_service::policy(self),
            destination_rule::policy(self),
            gateway::policy(self),
            endpoints::slices(self),
            endpoints::endpoints(self),
        ]
    }

    /// The rules that an object breaks; `resource` is its plural. Who writes it is not asked: it is judged as if nobody
    /// was excused.
    pub fn judge(&self, resource: &str, object: &Value) -> Vec<GuardRule> {
        match resource {
            "serviceentries" => service_entry::judge(self, object),
            "virtualservices" => virtual_service::judge(self, object),
            "destinationrules" => destination_rule::judge(self, object),
            "gateways" => gateway::judge(self, object),
            "endpointslices" | "endpoints" => endpoints::judge(object),
            _ => Vec::new(),
        }
    }

    /// How each of [`Self::policies`] is tried: objects in `namespace`, which exists, that must be refused and accepted.
    pub fn trials(&self, namespace: &str, api_version: &str) -> Vec<Trial> {
        trials::of(self, namespace, api_version)
    }
}
