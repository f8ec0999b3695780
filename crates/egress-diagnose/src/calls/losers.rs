//! The objects that wanted a call and did not get it, each with the reason: hidden, not imported, of another port, second.

use egress_core::istio::call::Passage;
use egress_core::resource::Resource;
use egress_core::visibility::sidecar::imports;
use egress_core::visibility::virtual_service::{destinations, serves_mesh};
use egress_core::visibility::{exported_to, host_matches};

use super::reasons::CalledHost;
use crate::finding::Place;
use crate::wording::list;

/// Objects that are named.
const NAMED: usize = 3;

impl CalledHost<'_, '_> {
    /// The ServiceEntries that did not make the host known, and the routes to gateways that did not get the call.
    pub(super) fn losers(&self, passage: &Passage, is_unknown: bool) -> Vec<String> {
        let entries = if is_unknown { self.entries() } else { Vec::new() };
        entries.into_iter().chain(self.routes(passage)).take(NAMED).collect()
    }

    /// Why ServiceEntries of the host do not count for the caller.
    fn entries(&self) -> Vec<String> {
        let entries = self.view.index().service_entries(self.host);
        entries.into_iter().filter_map(|entry| self.why_unknown(entry)).collect()
    }

    fn why_unknown(&self, entry: &Resource) -> Option<String> {
        let spec = entry.service_entry()?;
        let name = spec.hosts.iter().find(|name| host_matches(name, self.host))?;
        let place = Place::of(&entry.id).object();
        let (owner, namespace) = (&entry.id.namespace, &self.pod.namespace);
        if !exported_to(spec.export_to.as_deref(), owner, namespace) {
            return Some(format!("{place} is not exported to the callers"));
        }
        let numbers = spec.ports.iter().flatten().map(|port| port.number);
        if !numbers.clone().any(|number| number == i64::from(self.call.port)) {
            let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
            let word = if numbers.len() == 1 { "port" } else { "ports" };
            return Some(format!("{place} declares only {word} {}", list(&numbers)));
        }
        let sidecar = self.view.sidecar_for(namespace, &self.pod.labels)?;
        let is_imported = imports(sidecar, namespace, owner, name, self.call.port);
        (!is_imported).then(|| format!("{} does not import {place}", Place::of(&sidecar.id).object()))
    }

    fn routes(&self, passage: &Passage) -> Vec<String> {
        let view = self.view;
        let services: Vec<String> =
            view.gateways().iter().map(|gateway| view.service_host(gateway)).collect();
        let deciding = passage.hops.first().and_then(|hop| hop.route.as_deref()?.split_once('/'));
        let wants = |route: &&Resource| {
            let spec = route.virtual_service().filter(|spec| serves_mesh(spec));
            let mut to = spec.into_iter().flat_map(destinations);
            deciding != Some((&route.id.namespace, &route.id.name))
                && to.any(|host| services.contains(&view.full_host(host, &route.id.namespace)))
        };
        let wanting = view.virtual_services(self.host).into_iter().filter(wants);
        wanting.flat_map(|route| self.why_lost(route, passage)).collect()
    }

    fn why_lost(&self, route: &Resource, passage: &Passage) -> Vec<String> {
        let place = Place::of(&route.id).object();
        let words = route.virtual_service().and_then(|spec| spec.export_to.as_deref());
        if !exported_to(words, &route.id.namespace, &self.pod.namespace) {
            return vec![format!("{place} is not exported to the callers")];
        }
        if !self.view.simulation().follows(&self.call.caller, &route.id, self.call.port) {
            let sidecar = self.view.sidecar_for(&self.pod.namespace, &self.pod.labels);
            let sidecar = sidecar.map_or("the sidecar".to_owned(), |sidecar| Place::of(&sidecar.id).object());
            return vec![format!("{sidecar} does not import {place}")];
        }
        let found = self.cause(route, passage);
        if !found.is_empty() {
            return found;
        }
        vec![format!("{place} has no rule that takes {} on port {}", self.protocol.word(), self.call.port)]
    }
}
