//! The path of one host in one namespace, from its callers through a gateway.

use std::collections::BTreeSet;

use egress_core::inventory::{Egress, State};
use egress_core::metadata::Record;
use egress_core::port::Port;
use egress_core::resource::ObjectId;
use egress_core::snapshot::GatewayFacts;

/// The path of one host in one namespace, with everything that is known before any check.
#[derive(Clone, Debug)]
pub struct EgressPath<'a> {
    /// The host.
    pub host: String,
    /// The namespace of its objects, or the one that was asked for; none where neither exists.
    pub namespace: Option<String>,
    /// Its objects; none where nothing takes the host to a gateway.
    pub egress: Option<&'a Egress<'a>>,
    /// Whether the objects are whole.
    pub state: Option<State>,
    /// The gateway it leaves by.
    pub gateway: Option<&'a GatewayFacts>,
    /// The namespaces whose pods call it.
    pub callers: Vec<String>,
    /// Its ports, as far as they are of a kind this tool carries.
    pub ports: BTreeSet<Port>,
    /// Somebody asked for it, or wrote objects that take it to a gateway. Else it is only known.
    pub is_wanted: bool,
}

impl EgressPath<'_> {
    /// What was asked for when it was added; none where it was made by hand.
    pub fn record(&self) -> Option<&Record> {
        self.egress?.readable_record()
    }

    /// Whether an object is one of this egress.
    pub fn owns(&self, id: &ObjectId) -> bool {
        self.egress.is_some_and(|egress| owns(egress, id))
    }
}

/// Whether an object is one of an egress.
pub(super) fn owns(egress: &Egress<'_>, id: &ObjectId) -> bool {
    egress.parts.iter().any(|part| part.resource.id == *id)
}
