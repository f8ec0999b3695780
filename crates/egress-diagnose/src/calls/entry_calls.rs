//! The calls that a ServiceEntry alone sends to a gateway or a waypoint: no rule of a VirtualService is on their way.
//!
//! Of pods in ambient mode those to hosts of a waypoint; of pods with a sidecar those to hosts whose entry has the gateway as
//! its endpoint. Writes no messages.

use std::net::IpAddr;

use egress_core::intent::GatewayName;
use egress_core::istio::call::{Call, End, Passage, Refusal};
use egress_core::resource::Resource;
use egress_core::snapshot::PodFacts;

use super::ambient_callers::{AmbientCallers, ambient_address};
use super::called_ports::declared_ports;
use crate::istio::waypoints::waypoint_of;
use crate::path::Obstacle;
use crate::traffic::host_call::{ANYWHERE, SpokenProtocol, address_of};
use crate::traffic::routed_call::{RoutedEnd, called_host, callers, end_of_passages};
use crate::view::View;

/// A call to a host that its ServiceEntry sends to a gateway or a waypoint.
pub(crate) struct EntryCall<'a> {
    /// The ServiceEntry.
    pub(crate) entry: &'a Resource,
    /// The host that is called; below a wildcard some name.
    pub(crate) host: String,
    /// The gateway or the waypoint.
    pub(crate) through: GatewayName,
    /// The namespace of the caller.
    pub(crate) caller: &'a str,
    /// The call.
    pub(crate) call: Call,
    is_of_waypoint: bool,
}

impl EntryCall<'_> {
    /// What becomes of the call, where no policy refuses these ways of it. Checks of their own say which policies refuse calls
    /// at a waypoint, and which hosts have none.
    pub(super) fn end(&self, view: &View<'_>, passages: Vec<Passage>) -> RoutedEnd {
        match end_of_passages(view, &self.call, &self.host, passages) {
            RoutedEnd::Otherwise(passage)
                if self.is_of_waypoint
                    && (!matches!(passage.end, End::Refused(_)) || wants_other_paths(&passage)) =>
            {
                RoutedEnd::Unknown
            }
            end => end,
        }
    }
}

/// Whether no rule of a waypoint takes a request for `/`: nobody knows the paths that applications ask for, and its rules may
/// take those.
fn wants_other_paths(passage: &Passage) -> bool {
    passage.hops.is_empty() && passage.end == End::Refused(Refusal::NoRoute)
}

/// The calls to a host of the ServiceEntries of a namespace, where this is why no other check follows the host.
pub(super) fn entry_calls<'a>(
    view: &View<'a>,
    ambient: &AmbientCallers<'a>,
    (namespace, host): (&str, &str),
    reason: Obstacle,
) -> Vec<EntryCall<'a>> {
    let entries = view.index().service_entries_of(host);
    let entries = entries.into_iter().filter(|entry| entry.id.namespace == namespace);
    let calls = |entry: &'a Resource| match reason {
        Obstacle::Waypoint => of_waypoint(ambient, entry, host),
        Obstacle::Endpoints => of_endpoints(view, entry, host),
        Obstacle::Tcp
        | Obstacle::Wildcard
        | Obstacle::Name
        | Obstacle::GatewayApi
        | Obstacle::MissingService
        | Obstacle::NoGateway
        | Obstacle::NoCaller
        | Obstacle::Undiscovered
        | Obstacle::EnvoyFilter
        | Obstacle::NotGiven => Vec::new(),
    };
    entries.flat_map(calls).collect()
}

fn of_waypoint<'a>(ambient: &AmbientCallers<'a>, entry: &'a Resource, host: &str) -> Vec<EntryCall<'a>> {
    let of_namespace = ambient.labels_of(&entry.id.namespace);
    let Some((namespace, service)) = waypoint_of(entry, of_namespace) else { return Vec::new() };
    let through = GatewayName { namespace: namespace.to_owned(), service: service.to_owned() };
    let Some(address) = ambient_address(entry, host) else { return Vec::new() };
    calls_of(entry, &through, host, ambient.pods(), address, true)
}

fn of_endpoints<'a>(view: &View<'a>, entry: &'a Resource, host: &str) -> Vec<EntryCall<'a>> {
    let Some(spec) = entry.service_entry() else { return Vec::new() };
    let gateway =
        |address: &str| view.gateways().iter().find(|gateway| view.service_host(gateway) == address);
    let addresses = spec.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.as_deref());
    let Some(gateway) = addresses.into_iter().find_map(gateway) else { return Vec::new() };
    let pods = callers(view, (&entry.id.namespace, spec.export_to.as_deref()), None);
    let address = address_of(spec).unwrap_or(ANYWHERE);
    calls_of(entry, &gateway.name, host, &pods, address, false)
}

fn calls_of<'a>(
    entry: &'a Resource,
    through: &GatewayName,
    host: &str,
    pods: &[&'a PodFacts],
    address: IpAddr,
    is_of_waypoint: bool,
) -> Vec<EntryCall<'a>> {
    let Some(called) = called_host(host) else { return Vec::new() };
    let ports: Vec<(u16, SpokenProtocol)> = declared_ports(entry).collect();
    let call = |pod: &&'a PodFacts, (port, protocol): (u16, SpokenProtocol)| EntryCall {
        entry,
        host: called.to_string(),
        through: through.clone(),
        caller: &pod.namespace,
        call: Call {
            caller: format!("{}/{}", pod.namespace, pod.name),
            address,
            port,
            speaks: protocol.speaks(&called, port),
        },
        is_of_waypoint,
    };
    pods.iter().flat_map(|pod| ports.iter().map(move |port| call(pod, *port))).collect()
}
