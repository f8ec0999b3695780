//! Documents that are objects around the egresses: `egress-core` reads them, as it reads those of a cluster.

use egress_core::tree::Tree;

use super::{CollectError, Collector, schema, word};

impl Collector {
    pub(super) fn related_resources(&mut self, kind: &str, object: &Tree<'_>) -> Result<(), CollectError> {
        let api_version = word(object, &["apiVersion"]);
        let read = self.facts.related_resources.read(&api_version, kind, object);
        self.given.extend(read.map_err(|error| schema(object, error))?);
        Ok(())
    }
}
