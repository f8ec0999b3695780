//! The hosts that the rules of a VirtualService lead to, with those of the VirtualServices that it delegates to.

use egress_core::index::Index;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::visibility::virtual_service::destinations;

/// The hosts that its rules lead to, for any caller.
pub(super) fn reached_hosts<'a>(index: &Index<'a>, route: &'a Resource) -> impl Iterator<Item = &'a str> {
    let spec = route.virtual_service();
    let named = spec.into_iter().flat_map(|spec| spec.http.iter().flatten()).filter_map(|rule| {
        let delegate = rule.delegate.as_ref()?;
        let namespace = delegate.namespace.clone().filter(|namespace| !namespace.is_empty());
        let id = ObjectId {
            kind: Kind::VirtualService,
            namespace: namespace.unwrap_or_else(|| route.id.namespace.clone()),
            name: delegate.name.clone().unwrap_or_default(),
        };
        index.find(&id)?.virtual_service()
    });
    spec.into_iter().chain(named).flat_map(destinations)
}
