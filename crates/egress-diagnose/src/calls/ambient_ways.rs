//! The ways of calls from pods in ambient mode: the ztunnel of the node, and the waypoint of the host if it has one.

use std::net::IpAddr;

use egress_core::istio::call::{Call, End, Hop, Passage};
use egress_core::istio::waypoints::HBONE;
use egress_core::resource::Resource;

use super::WayHop;
use super::ambient_callers::{AmbientCallers, ambient_address};
use super::called_ports::entries;
use super::hops::{deciding, service};
use crate::finding::Place;
use crate::istio::waypoints::waypoint_of;
use crate::traffic::host_call::ANYWHERE;
use crate::view::View;

/// A host as ztunnel knows it.
#[derive(Clone)]
pub(super) struct AmbientHost<'a> {
    entry: Option<&'a Resource>,
    address: Option<IpAddr>,
    waypoint: Option<(&'a str, &'a str)>,
}

impl<'a> AmbientHost<'a> {
    /// A host for callers of a namespace.
    pub(super) fn of(view: &View<'a>, ambient: &AmbientCallers<'a>, namespace: &str, host: &str) -> Self {
        let all = entries(view, namespace, host);
        let known = all.iter().find_map(|entry| Some((*entry, ambient_address(entry, host)?)));
        let entry = known.map(|(entry, _)| entry).or(all.first().copied());
        AmbientHost {
            entry,
            address: known.map(|(_, address)| address),
            waypoint: entry.and_then(|entry| waypoint_of(entry, ambient.labels_of(&entry.id.namespace))),
        }
    }

    /// The address that callers dial; of a host that no object names any. None where nobody knows it.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address.or(self.entry.is_none().then_some(ANYWHERE))
    }

    /// The waypoint that its ServiceEntry names.
    pub(super) fn waypoint(&self) -> Option<String> {
        self.waypoint.map(|(namespace, name)| format!("waypoint {namespace}/{name}"))
    }

    /// The hops: ztunnel, then the waypoint.
    pub(super) fn hops(&self, view: &View<'_>, call: &Call, passage: &Passage) -> Vec<WayHop> {
        let ztunnel = WayHop {
            pods: Vec::new(),
            port: None,
            server: None,
            route: None,
            cluster: None,
            service: self.entry.map(|entry| Place::of(&entry.id)),
            rule: None,
            tls: None,
        };
        let hop = |hop: &Hop| WayHop {
            pods: vec![hop.proxy.clone()],
            port: Some(HBONE),
            route: hop
                .route
                .as_deref()
                .and_then(|route| deciding(view, route, &hop.cluster, Some(call.port))),
            cluster: Some(hop.cluster.clone()),
            service: service(view, hop),
            ..ztunnel.clone()
        };
        std::iter::once(ztunnel.clone()).chain(passage.hops.iter().map(hop)).collect()
    }

    /// Why it ends so.
    pub(super) fn reasons(&self, passage: &Passage) -> Vec<String> {
        if !matches!(passage.end, End::Leaves { .. }) || !passage.hops.is_empty() {
            return Vec::new();
        }
        let why = match (self.entry, self.waypoint()) {
            (None, _) => "no object names it, and ztunnel passes on what it does not know".to_owned(),
            (Some(entry), None) => format!("{} has no waypoint", entry.id),
            (Some(entry), Some(waypoint)) => format!("{waypoint} does not take calls for {}", entry.id),
        };
        vec![why]
    }
}
