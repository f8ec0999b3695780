//! Which VirtualServices are bound to a Gateway object, in the order in which istiod joins their rules.
//!
//! Knows nothing of hosts and rules.

use crate::resource::Resource;
use crate::visibility::virtual_service::gateway_name;
use crate::visibility::{creation_order, exported_to};

/// The VirtualServices that are bound to a Gateway object (`namespace/name`) and that pods in the namespace `viewer` see.
///
/// First those that are private to the namespace of the pods, then those exported to it by name, then public ones; by age
/// among equals. `VirtualServicesForGateway` in `pilot/pkg/model/push_context.go`.
pub fn bound_to<'a>(virtual_services: &[&'a Resource], gateway: &str, viewer: &str) -> Vec<&'a Resource> {
    let is_bound = |resource: &&Resource| {
        resource.virtual_service().is_some_and(|spec| {
            let mut names = spec.gateways.iter().flatten();
            names.any(|name| gateway_name(name, &resource.id.namespace) == gateway)
                && exported_to(spec.export_to.as_deref(), &resource.id.namespace, viewer)
        })
    };
    let mut found: Vec<&Resource> = virtual_services.iter().copied().filter(is_bound).collect();
    found.sort_by(|left, right| {
        (export_rank(left, viewer), creation_order(left))
            .cmp(&(export_rank(right, viewer), creation_order(right)))
    });
    found
}

/// Whether a match is for a Gateway object. Names of Gateways decide alone; without them the labels and the namespace of the
/// pods do, which TLS rules ignore. `sourceMatchHTTP` in `pilot/pkg/networking/core/route/route.go`, `isGatewayMatch` in
/// `pilot/pkg/networking/core/gateway.go`.
pub fn names_gateway(gateways: Option<&[String]>, namespace: &str, gateway: &str) -> Option<bool> {
    let names = gateways.filter(|names| !names.is_empty())?;
    Some(names.iter().any(|name| gateway_name(name, namespace) == gateway))
}

/// The name of a Gateway object as VirtualServices may call it: `namespace/name`.
pub fn full_name(gateway: &Resource) -> String {
    format!("{}/{}", gateway.id.namespace, gateway.id.name)
}

/// The Gateway objects in the order in which istiod reads them.
pub fn by_age<'a>(gateways: &[&'a Resource]) -> Vec<&'a Resource> {
    let mut sorted = gateways.to_vec();
    sorted.sort_by(|left, right| creation_order(left).cmp(&creation_order(right)));
    sorted.dedup_by(|left, right| left.id == right.id);
    sorted
}

/// 0 private to the namespace of the pods, 1 exported to it by name, 2 public.
fn export_rank(resource: &Resource, viewer: &str) -> u8 {
    let words = resource.virtual_service().and_then(|spec| spec.export_to.as_deref()).unwrap_or_default();
    if words.is_empty() || words.iter().any(|word| word == "*") {
        return 2;
    }
    u8::from(resource.id.namespace != viewer)
}
