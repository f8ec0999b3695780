//! What keeps ways that were computed from being believed: objects on them that the simulation does not know.
//!
//! Says which object it is.

use egress_core::istio::call::Refusal;
use egress_core::proxy::port_and_host;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::GatewayFacts;
use egress_istio::service_entry::ServiceEntryResolution;

use super::hops::declaring;
use super::limits::Limit;
use super::{CallWay, WayHop};
use crate::finding::Place;
use crate::istio::authorization::at_gateway;
use crate::traffic::routed_call::moving_filters;
use crate::view::View;
use crate::wording::list;

/// EnvoyFilters that are named; the others are counted.
const NAMED: usize = 3;

/// Why nobody knows whether calls take these ways; none where it is known.
pub(super) fn of_ways(view: &View<'_>, ways: &[CallWay]) -> Option<Limit> {
    ways.iter()
        .find_map(|way| {
            let last = way.hops.last();
            match way.refusal {
                Some(Refusal::NoEndpoint) => last.and_then(|hop| endpoints(view, hop)),
                _ => way.hops.iter().skip(1).find_map(|hop| dynamic(view, hop)),
            }
        })
        .map(Limit::new)
}

/// Why the objects do not tell what becomes of calls, at this gateway or before one.
pub(super) fn undecided(view: &View<'_>, gateway: Option<&GatewayFacts>) -> Limit {
    let names: Vec<String> = gateway
        .map(|gateway| policies(view, gateway))
        .unwrap_or_default()
        .iter()
        .map(Place::object)
        .collect();
    match (gateway, names.as_slice()) {
        (Some(gateway), [_, ..]) => Limit::new(format!(
            "{} at gateway {} may ask for what is not in the objects",
            list(&names),
            gateway.name
        )),
        _ => Limit::new(not_followed(view)),
    }
}

/// What decides and is not followed.
fn not_followed(view: &View<'_>) -> String {
    let filters: Vec<String> =
        moving_filters(view).map(|filter| format!("{}/{}", filter.namespace, filter.name)).collect();
    let (first, others) = filters.split_at(filters.len().min(NAMED));
    if !first.is_empty() {
        let more = (!others.is_empty()).then(|| format!("{} more", others.len()));
        let told: Vec<String> = first.iter().cloned().chain(more).collect();
        let word = if filters.len() == 1 { "EnvoyFilter" } else { "EnvoyFilters" };
        return format!("{word} {} may change what proxies do", list(&told));
    }
    let settings: Vec<String> = view.simulation().features().not_followed().map(str::to_owned).collect();
    if !settings.is_empty() {
        let are = if settings.len() == 1 { "is" } else { "are" };
        return format!("{} of istiod, which may change where they go, {are} not followed", list(&settings));
    }
    let objects = view.made().not_followed().into_iter();
    let names: Vec<String> =
        objects.map(|it| Place::new(&it.kind, Some(&it.namespace), &it.name).object()).collect();
    match names.as_slice() {
        [] => "a waypoint or a route of the Gateway API decides where they go".to_owned(),
        names => format!("{} may decide where they go, which is not followed", list(names)),
    }
}

/// The AuthorizationPolicies that may refuse calls at a gateway.
pub(super) fn policies(view: &View<'_>, gateway: &GatewayFacts) -> Vec<Place> {
    let Ok(all) = view.authorization_policies() else { return Vec::new() };
    let found = at_gateway(all, &view.mesh().root_namespace, gateway);
    found.map(|policy| Place::new("AuthorizationPolicy", Some(&policy.namespace), &policy.name)).collect()
}

/// Endpoints that are no pods may be unknown.
fn endpoints(view: &View<'_>, hop: &WayHop) -> Option<String> {
    let place = hop.service.as_ref()?;
    if let Some(entry) = entry(view, place) {
        let selects = entry.service_entry().is_some_and(|spec| spec.workload_selector.is_some());
        return selects.then(|| format!("{} selects WorkloadEntries, which are not read", place.object()));
    }
    let services = view.services().unwrap_or_default();
    let is_it =
        |name: &str, namespace: &String| name == place.name && Some(namespace) == place.namespace.as_ref();
    let service = services.iter().find(|service| is_it(&service.name, &service.namespace))?;
    let is_known = !service.selector.is_empty() || view.endpoint_slices().is_ok();
    let has_targets = service.ports.iter().all(|port| port.target.is_some());
    (!is_known || !has_targets).then(|| format!("the endpoints of {} are not known", place.object()))
}

/// A gateway that asks DNS for the name of each call may fail to.
fn dynamic(view: &View<'_>, hop: &WayHop) -> Option<String> {
    let (_, host) = port_and_host(hop.cluster.as_deref()?)?;
    let is_dynamic = |entry: &&Resource| {
        entry.service_entry().is_some_and(|spec| spec.resolution == Some(ServiceEntryResolution::DynamicDns))
    };
    let entry = declaring(view, host).into_iter().find(is_dynamic)?;
    Some(format!("{} has resolution DYNAMIC_DNS at a gateway", Place::of(&entry.id).object()))
}

fn entry<'a>(view: &View<'a>, place: &Place) -> Option<&'a Resource> {
    let namespace = place.namespace.clone()?;
    let id = ObjectId { kind: Kind::ServiceEntry, namespace, name: place.name.clone() };
    view.find(&id).filter(|_| place.kind == Kind::ServiceEntry.to_string())
}
