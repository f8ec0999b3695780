//! Which VirtualServices route a host, in the sidecars of a namespace and at a gateway.
//!
//! Follows `virtualServicesForGateway` in `pilot/pkg/model/push_context.go` and `resolveGatewayName` in
//! `pilot/pkg/model/gateway.go`. Knows nothing of what the routes say.

use std::borrow::Cow;

use egress_istio::virtual_service::VirtualServiceSpec;

use super::{SeenAs, creation_order, host_matches, seen_as};
use crate::resource::Resource;

/// The name that stands for the sidecars in `spec.gateways`.
pub const MESH: &str = "mesh";

/// The VirtualServices with rules for sidecars that the namespace `viewer` sees for a host, in order of precedence.
///
/// **`exportTo` decides before age**: the private ones of the namespace first, then those that others export to it by name,
/// then public ones; age only among equals. One that its own namespace sees by name is private there, whomever else it names. For HTTP the first one takes the host and the others are ignored; for TLS all contribute, and the first of
/// two equal matches wins. Those that name the host come before those with a wildcard over it.
pub fn mesh_virtual_services<'a>(
    virtual_services: impl IntoIterator<Item = &'a Resource>,
    host: &str,
    viewer: &str,
) -> Vec<&'a Resource> {
    ordered(virtual_services, host, viewer, |_, spec| serves_mesh(spec))
}

/// The VirtualServices bound to the Gateway object `gateway` (`namespace/name`) that its pods in the namespace `viewer`
/// see for a host, in order of precedence.
pub fn gateway_virtual_services<'a>(
    virtual_services: impl IntoIterator<Item = &'a Resource>,
    gateway: &str,
    host: &str,
    viewer: &str,
) -> Vec<&'a Resource> {
    ordered(virtual_services, host, viewer, |resource, spec| {
        let names = spec.gateways.iter().flatten();
        names.into_iter().any(|name| gateway_name(name, &resource.id.namespace) == gateway)
    })
}

/// Whether rules of this VirtualService are for sidecars: `mesh` is named, or nothing is.
pub fn serves_mesh(spec: &VirtualServiceSpec) -> bool {
    match spec.gateways.as_deref().unwrap_or_default() {
        [] => true,
        names => names.iter().any(|name| name == MESH),
    }
}

/// The destination hosts of its rules, for any caller.
pub fn destinations(spec: &VirtualServiceSpec) -> impl Iterator<Item = &str> {
    let http = spec.http.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    let tls = spec.tls.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    let tcp = spec.tcp.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
    http.map(|route| route.destination.host.as_str())
        .chain(tls.map(|route| route.destination.host.as_str()))
        .chain(tcp.map(|route| route.destination.host.as_str()))
}

/// Whether a VirtualService names the host itself, not only a wildcard over it.
pub fn is_exact(virtual_service: &Resource, host: &str) -> bool {
    let hosts = virtual_service.virtual_service().and_then(|spec| spec.hosts.as_ref());
    hosts.into_iter().flatten().any(|found| found.eq_ignore_ascii_case(host))
}

/// A name of `spec.gateways` as `namespace/name`: a bare name and `./name` mean the namespace of the VirtualService.
/// [`MESH`] stays as it is.
pub fn gateway_name(name: &str, namespace: &str) -> String {
    gateway_in_full(name, namespace).into_owned()
}

/// The same, without a copy of a name that is written in full.
pub(crate) fn gateway_in_full<'n>(name: &'n str, namespace: &str) -> Cow<'n, str> {
    match name.split_once('/') {
        Some((".", name)) => format!("{namespace}/{name}").into(),
        Some(_) => name.into(),
        None if name == MESH => name.into(),
        // The form of Istio before 1.0 that istiod still reads: `name.namespace.svc.…`.
        None => match name.split_once('.') {
            Some((name, rest)) => format!("{}/{name}", rest.split('.').next().unwrap_or_default()).into(),
            None => format!("{namespace}/{name}").into(),
        },
    }
}

fn ordered<'a>(
    virtual_services: impl IntoIterator<Item = &'a Resource>,
    host: &str,
    viewer: &str,
    bound: impl Fn(&Resource, &VirtualServiceSpec) -> bool,
) -> Vec<&'a Resource> {
    let rank = |resource: &Resource| {
        let spec = resource.virtual_service()?;
        let owner = &resource.id.namespace;
        let seen = seen_as(spec.export_to.as_deref(), owner, viewer)?;
        let covers = spec.hosts.iter().flatten().any(|pattern| host_matches(pattern, host));
        (covers && bound(resource, spec))
            .then(|| (!is_exact(resource, host), precedence(seen, owner, viewer)))
    };
    let mut found: Vec<_> =
        virtual_services.into_iter().filter_map(|resource| Some((rank(resource)?, resource))).collect();
    found.sort_by(|(left, one), (right, other)| {
        (left, creation_order(one)).cmp(&(right, creation_order(other)))
    });
    found.into_iter().map(|(_, resource)| resource).collect()
}

/// The place of a VirtualService among those that a namespace sees, before age: its own private ones, then those that others
/// export to it by name, then public ones, of which nobody's namespace counts.
pub(crate) fn precedence(seen: SeenAs, owner: &str, viewer: &str) -> (SeenAs, bool) {
    (seen, seen == SeenAs::Private && owner != viewer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn virtual_service(name: &str, age: u8, host: &str, gateways: &[&str], export_to: &[&str]) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {
                "name": name, "namespace": "shop", "uid": name,
                "creationTimestamp": format!("2026-01-01T00:{age:02}:00Z"),
            },
            "spec": { "hosts": [host], "gateways": gateways, "exportTo": export_to },
        }))
        .unwrap()
    }

    fn seen_by(viewer: &str, all: &[Resource]) -> Vec<String> {
        let found = mesh_virtual_services(all, "edition.cnn.com", viewer);
        found.iter().map(|resource| resource.id.name.clone()).collect()
    }

    #[test]
    fn export_to_decides_before_age() {
        let all = [
            virtual_service("public", 1, "edition.cnn.com", &["mesh"], &["*"]),
            virtual_service("named", 2, "edition.cnn.com", &["mesh"], &["billing", "."]),
            virtual_service("private", 3, "edition.cnn.com", &[], &["."]),
        ];
        // In its own namespace the one that names others, too, is as private as the other.
        assert_eq!(seen_by("shop", &all), ["named", "private", "public"]);
        assert_eq!(seen_by("billing", &all), ["named", "public"]);
        assert_eq!(seen_by("other", &all), ["public"]);
    }

    #[test]
    fn an_exact_host_comes_before_a_wildcard_and_age_decides_among_equals() {
        let all = [
            virtual_service("wild", 1, "*.cnn.com", &["mesh"], &["*"]),
            virtual_service("young", 3, "edition.cnn.com", &["mesh"], &["*"]),
            virtual_service("old", 2, "edition.cnn.com", &["mesh"], &["*"]),
        ];
        assert_eq!(seen_by("billing", &all), ["old", "young", "wild"]);
    }

    #[test]
    fn rules_for_a_gateway_alone_are_not_for_sidecars() {
        let all = [virtual_service("gateway", 1, "edition.cnn.com", &["istio-system/egress"], &["*"])];
        assert_eq!(seen_by("shop", &all), Vec::<String>::new());
        let found = gateway_virtual_services(&all, "istio-system/egress", "edition.cnn.com", "istio-system");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_bare_gateway_name_means_the_own_namespace() {
        assert_eq!(gateway_name("egress", "shop"), "shop/egress");
        assert_eq!(gateway_name("./egress", "shop"), "shop/egress");
        assert_eq!(gateway_name("infra/egress", "shop"), "infra/egress");
        assert_eq!(gateway_name("egress.infra.svc.cluster.local", "shop"), "infra/egress");
        assert_eq!(gateway_name("mesh", "shop"), "mesh");
    }
}
