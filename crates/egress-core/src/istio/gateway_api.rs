//! What istiod makes of objects of the Gateway API: Gateways and VirtualServices of its own, which no cluster stores.
//!
//! Follows `pilot/pkg/config/kube/gateway` (read at 1.31) and gives the objects istiod's names, so that a proxy's
//! configuration names them. Knows for each the object that it was made of. Not known: listeners of ListenerSets, certificates
//! of listeners, and what a BackendTLSPolicy asks for: what depends on them is told to be open.

use std::collections::{HashMap, HashSet};

use crate::kind::Kind;
use crate::related_resources::RelatedResources;
use crate::resource::{ObjectId, Resource};
use crate::snapshot::Snapshot;

mod attach;
mod backend;
mod connections;
mod facts;
mod listeners;
mod made;
mod matches;
mod policies;
mod requests;
mod rule;
mod value;

use facts::ApiFacts;
use listeners::listeners;

/// The annotation by which istiod knows VirtualServices that it made of routes of the Gateway API. It obeys it in anybody's.
/// `UseGatewaySemantics` in `pilot/pkg/model/virtualservice.go`.
const SEMANTICS: &str = "internal.istio.io/route-semantics";

/// The annotation with the routes that a VirtualService was made of.
const PARENTS: &str = "internal.istio.io/parents";

/// Objects that istiod makes of the Gateway API.
#[derive(Debug, Default)]
pub struct MadeObjects {
    objects: Vec<Resource>,
    origins: HashMap<ObjectId, Vec<ApiOrigin>>,
    /// Those of which not everything is known.
    open: HashSet<ObjectId>,
    /// Hosts in full of which it is not known how connections to them are opened.
    open_hosts: HashSet<String>,
}

/// An object of the Gateway API that another one was made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiOrigin {
    /// Its kind: `Gateway`, `HTTPRoute`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl MadeObjects {
    /// Those of these facts.
    pub fn new(snapshot: &Snapshot, related: &RelatedResources) -> Self {
        MadeObjects::with(snapshot, related, snapshot.resources.iter())
    }

    /// The same with these objects of Istio in place of those of the snapshot.
    pub fn with<'a>(
        snapshot: &'a Snapshot,
        related: &'a RelatedResources,
        resources: impl Iterator<Item = &'a Resource>,
    ) -> Self {
        let mut made = MadeObjects::default();
        if related.gateway_api.is_empty() {
            return made;
        }
        let facts = ApiFacts::new(snapshot, related, resources);
        let listeners = listeners(&facts);
        requests::add(&facts, &listeners, &mut made);
        connections::add(&facts, &listeners, &mut made);
        made.open_hosts = policies::hosts_with_tls(&facts);
        for listener in listeners {
            listener.add_to(&mut made);
        }
        made
    }

    /// All of them.
    pub fn objects(&self) -> &[Resource] {
        &self.objects
    }

    /// The objects that one of them was made of, in istiod's order.
    pub fn origins(&self, made: &ObjectId) -> &[ApiOrigin] {
        self.origins.get(made).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same of a VirtualService by `namespace/name`, as hops name it.
    pub fn origins_of_route(&self, route: &str) -> &[ApiOrigin] {
        let Some((namespace, name)) = route.split_once('/') else { return &[] };
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.origins(&ObjectId { kind: Kind::VirtualService, namespace, name })
    }

    /// Whether not everything is known of one of them.
    pub(crate) fn is_open(&self, made: &ObjectId) -> bool {
        self.open.contains(made)
    }

    /// Whether it is not known how connections to a host in full are opened.
    pub(crate) fn is_open_host(&self, host: &str) -> bool {
        self.open_hosts.contains(host)
    }
}

/// Whether istiod takes a VirtualService for one that it made of a TLSRoute.
pub(crate) fn is_made_of_tls_route(resource: &Resource) -> bool {
    resource.annotations.get(PARENTS).is_some_and(|parents| parents.starts_with("TLSRoute/"))
}

/// Whether istiod takes a VirtualService for one that it made of routes of the Gateway API.
pub fn is_made(resource: &Resource) -> bool {
    resource.annotations.get(SEMANTICS).is_some_and(|semantics| semantics == "gateway")
}
