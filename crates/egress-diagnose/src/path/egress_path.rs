//! The path of one host in one namespace, from its callers through a gateway.

use std::collections::BTreeSet;

use egress_core::inventory::{Egress, State};
use egress_core::metadata::Record;
use egress_core::port::Port;
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::GatewayFacts;

/// The path of one host in one namespace.
#[derive(Clone, Debug)]
pub struct EgressPath<'a> {
    /// The host.
    pub host: String,
    /// The namespace of its objects, or the requested namespace; none without either.
    pub namespace: Option<String>,
    /// Its objects; none if nothing routes the host to a gateway.
    pub egress: Option<&'a Egress<'a>>,
    /// Whether the objects are complete.
    pub state: Option<State>,
    /// Those of its objects that an earlier version wrote; none where nobody compared them yet.
    pub earlier: Option<Vec<ObjectId>>,
    /// Objects for it in namespaces that no control plane reads, where it has no others.
    pub undiscovered: Vec<&'a Resource>,
    /// Its egress gateway.
    pub gateway: Option<&'a GatewayFacts>,
    /// The namespaces whose pods call it.
    pub callers: Vec<String>,
    /// Its HTTP and TLS ports.
    pub ports: BTreeSet<Port>,
    /// Whether it was requested, or has objects that route it to a gateway. Else callers only know the host.
    pub is_wanted: bool,
}

impl EgressPath<'_> {
    /// The record of `add`; none for hand-made objects.
    pub fn record(&self) -> Option<&Record> {
        self.egress?.readable_record()
    }

    /// Whether an object belongs to this egress.
    pub fn owns(&self, id: &ObjectId) -> bool {
        self.egress.is_some_and(|egress| owns(egress, id))
    }
}

/// Whether an object belongs to an egress.
pub(super) fn owns(egress: &Egress<'_>, id: &ObjectId) -> bool {
    egress.parts.iter().any(|part| part.resource.id == *id)
}
