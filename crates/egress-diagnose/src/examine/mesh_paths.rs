//! The paths of a request in one mesh, and which of several meshes answers for a host that has no objects.
//!
//! Makes no findings.

use std::collections::BTreeSet;

use egress_core::index::Index;
use egress_core::inventory::Egress;
use egress_core::objects::is_istiod;
use egress_core::resource::Resource;

use crate::facts::{ClusterFacts, Request};
use crate::path::{
    EgressPath, NotWalked, Obstacle, hosts_without_egress, not_walked, paths, routed_elsewhere,
};

/// A mesh, with what is examined there.
pub(super) struct MeshPaths<'a> {
    /// What its control plane knows.
    pub(super) facts: &'a ClusterFacts,
    /// Its egresses.
    pub(super) egresses: &'a [Egress<'a>],
    /// The paths that checks follow.
    pub(super) paths: Vec<EgressPath<'a>>,
    /// The hosts that no check follows.
    pub(super) not_walked: Vec<NotWalked>,
}

impl<'a> MeshPaths<'a> {
    pub(super) fn of(
        facts: &'a ClusterFacts,
        egresses: &'a [Egress<'a>],
        index: &Index<'a>,
        request: &Request,
        asks_for_hosts: bool,
    ) -> Self {
        let mut paths = paths(&facts.snapshot, index, egresses, request);
        paths.extend(hosts_without_egress(facts, index, egresses, request));
        paths.extend(routed_elsewhere(facts, &paths, request));
        let not_walked =
            if asks_for_hosts { not_walked(facts, index, egresses, &paths, request) } else { Vec::new() };
        let mut mesh = MeshPaths { facts, egresses, paths, not_walked };
        mesh.leave_to_others(index, request);
        mesh
    }

    /// Takes out the paths of requested hosts that a waypoint, a route of the Gateway API or a wildcard takes: that they
    /// have no egress of their own is no fault. A host with a ServiceEntry that only leads outside stays.
    fn leave_to_others(&mut self, index: &Index<'a>, request: &Request) {
        if request.hosts.is_empty() || self.not_walked.is_empty() {
            return;
        }
        let every = Request { hosts: Vec::new(), ..request.clone() };
        let bare = hosts_without_egress(self.facts, index, self.egresses, &every);
        let not_walked = &self.not_walked;
        self.paths.retain(|path| {
            path.egress.is_some()
                || !not_walked.iter().any(|host| host.host == path.host)
                || bare.iter().any(|other| other.host == path.host)
        });
    }

    fn knows(&self, namespace: &str) -> bool {
        let snapshot = &self.facts.snapshot;
        snapshot.namespaces.iter().any(|facts| facts.name == namespace)
            || snapshot.pods.iter().any(|pod| pod.namespace == namespace && !is_istiod(pod))
            || snapshot.resources.iter().any(|resource| resource.id.namespace == namespace)
    }

    fn has(&self, host: &str) -> bool {
        let declares = |resource: &Resource| {
            resource.service_entry().is_some_and(|spec| spec.hosts.iter().any(|found| found == host))
        };
        self.paths.iter().any(|path| path.egress.is_some() && path.host == host)
            || self.facts.snapshot.resources.iter().any(declares)
    }

    /// Its requested hosts have no gateway to go through, which is no fault where another mesh of the cluster has one.
    fn leave_without_gateway(&mut self) {
        let (left, kept) = std::mem::take(&mut self.paths)
            .into_iter()
            .partition(|path: &EgressPath<'_>| path.egress.is_none());
        self.paths = kept;
        self.not_walked.extend(left.into_iter().map(|path: EgressPath<'_>| {
            NotWalked::new(&path.host, path.namespace.as_deref().unwrap_or_default(), Obstacle::NoGateway)
        }));
    }
}

/// Takes out the paths of requested hosts without objects where another mesh answers for them: the one of the requested
/// namespace, else one that has the host, else the first.
pub(super) fn settle(meshes: &mut [MeshPaths<'_>], request: &Request) {
    if meshes.len() < 2 {
        return;
    }
    let namespace = request.namespace.as_deref();
    let home = namespace.and_then(|namespace| meshes.iter().position(|mesh| mesh.knows(namespace)));
    for host in &request.hosts {
        let having = || meshes.iter().position(|mesh| mesh.has(host.as_str()));
        let answers = home.or_else(having).unwrap_or_default();
        let others = meshes.iter_mut().enumerate().filter(|(place, _)| *place != answers);
        for (_, mesh) in others {
            mesh.paths.retain(|path| path.egress.is_some() || path.host != host.as_str());
        }
    }
    let has_gateway = |mesh: &MeshPaths<'_>| !mesh.facts.snapshot.gateways.is_empty();
    if meshes.iter().any(has_gateway) {
        meshes.iter_mut().filter(|mesh| !has_gateway(mesh)).for_each(MeshPaths::leave_without_gateway);
    }
}

/// Gives the objects that no control plane reads to the requested hosts that have no others.
pub(super) fn note_undiscovered<'a>(meshes: &mut [MeshPaths<'a>], unread: &[&'a Resource]) {
    let paths = meshes.iter_mut().flat_map(|mesh| &mut mesh.paths);
    for path in paths.filter(|path| path.egress.is_none() && path.is_wanted) {
        let declares = |resource: &&&Resource| {
            resource.service_entry().is_some_and(|spec| spec.hosts.contains(&path.host))
        };
        path.undiscovered = unread.iter().filter(declares).copied().collect();
    }
}

/// The hosts of objects that no control plane reads.
pub(super) fn unread(objects: &[&Resource], request: &Request) -> Vec<NotWalked> {
    let asked = |namespace: &str, host: &str| {
        request.namespace.as_deref().is_none_or(|asked| asked == namespace)
            && (request.hosts.is_empty() || request.hosts.iter().any(|asked| asked.as_str() == host))
    };
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    for object in objects {
        let hosts = object.service_entry().into_iter().flat_map(|spec| &spec.hosts);
        let namespace = object.id.namespace.as_str();
        found.extend(hosts.map(|host| (namespace, host.as_str())).filter(|(one, host)| asked(one, host)));
    }
    found
        .into_iter()
        .map(|(namespace, host)| NotWalked::new(host, namespace, Obstacle::Undiscovered))
        .collect()
}
