//! What a conflict check may look at.

use crate::dialect::Dialect;
use crate::dialect::Part;
use crate::index::Remaining;
use crate::inventory::Egress;
use crate::metadata::Record;
use crate::resource::Resource;
use crate::snapshot::{GatewayFacts, Snapshot};

/// Everything a conflict check may look at.
pub(super) struct Context<'s, 'a> {
    pub(super) record: &'s Record,
    pub(super) wanted: &'s [Part],
    pub(super) gateway: &'s GatewayFacts,
    pub(super) cluster: &'s Remaining<'s, 'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) egresses: &'s [&'s Egress<'a>],
    pub(super) callers: Vec<String>,
}

impl<'a> Context<'_, 'a> {
    /// Whether an object is one of those that are about to be written.
    pub(super) fn is_wanted(&self, resource: &Resource) -> bool {
        self.wanted.iter().any(|part| part.resource.id == resource.id)
    }

    /// Those of these objects that are not part of this egress.
    pub(super) fn others(
        &self,
        objects: impl IntoIterator<Item = &'a Resource>,
    ) -> impl Iterator<Item = &'a Resource> {
        objects.into_iter().filter(|resource| !self.is_wanted(resource))
    }

    /// ServiceEntries of others for a host, or for a wildcard over it.
    pub(super) fn other_entries(&self, host: &str) -> impl Iterator<Item = &'a Resource> {
        self.others(self.cluster.service_entries(host))
    }

    pub(super) fn host(&self) -> &str {
        self.record.intent.host.as_str()
    }

    pub(super) fn dialect(&self) -> &'static Dialect {
        self.record.intent.layout.dialect()
    }
}
