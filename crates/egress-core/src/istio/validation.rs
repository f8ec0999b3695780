//! Objects that istiod's webhook refuses, with its reasons.
//!
//! Follows `pkg/config/validation/validation.go`, as far as the kinds that an egress is made of: hosts, ports, protocols, TLS
//! settings, endpoints, routes, `exportTo`. Not known: header values, regular expressions, fault injection, connection pools,
//! outlier detection and load balancers. Warnings of istiod are left out; so is what the schema refuses already.

use crate::resource::{Resource, Spec};

mod destination_rule;
mod destinations;
mod gateway;
mod host_set;
mod http_rules;
mod names;
mod rejection;
mod service_entry;
mod sidecar;
mod stream_rules;
mod virtual_service;

pub use self::rejection::Rejection;
use self::rejection::Rejections;

/// The annotation by which istiod's own tests have an object refused. `constants.AlwaysReject`.
const ALWAYS_REFUSED: &str = "internal.istio.io/webhook-always-reject";
/// Annotations that istiod sets on what it makes of the Gateway API, and takes from nobody.
const OF_ISTIOD: [&str; 2] = ["internal.istio.io/parents", "internal.istio.io/parent-namespace"];
/// Only AuthorizationPolicies have it.
const DRY_RUN: &str = "istio.io/dry-run";

/// Why the webhook refuses an object. Nothing where it takes it, and for kinds that are not known here.
pub fn rejections(resource: &Resource) -> Vec<Rejection> {
    let mut found = Rejections::default();
    of_annotations(resource, &mut found);
    match &resource.spec {
        Spec::ServiceEntry(spec) => service_entry::check(resource, spec, &mut found),
        Spec::VirtualService(spec) => virtual_service::check(resource, spec, &mut found),
        Spec::DestinationRule(spec) => destination_rule::check(resource, spec, &mut found),
        Spec::Gateway(spec) => gateway::check(resource, spec, &mut found),
        Spec::Sidecar(spec) => sidecar::check(spec, &mut found),
        Spec::Untyped(_) => {}
    }
    found.0
}

/// `validateMetadata`.
fn of_annotations(resource: &Resource, found: &mut Rejections) {
    let mut refuse = |name: &str, reason: &str| {
        if resource.annotations.contains_key(name) {
            found.add(format!("metadata.annotations[{name}]"), "", reason);
        }
    };
    refuse(DRY_RUN, "only an AuthorizationPolicy may have this annotation");
    refuse(ALWAYS_REFUSED, "this annotation has every object refused");
    for name in OF_ISTIOD {
        refuse(name, "only istiod sets this annotation");
    }
}
