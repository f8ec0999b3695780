//! Puts an object that was made to the others.

use jiff::Timestamp;
use serde_json::Value;

use super::{ApiOrigin, MadeObjects, PARENTS, SEMANTICS};
use crate::kind::Kind;
use crate::resource::{Live, ObjectId, Resource, Spec};

/// What an object is made of.
pub(super) struct Draft {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) created: Option<Timestamp>,
    pub(super) spec: Value,
    pub(super) origins: Vec<ApiOrigin>,
    /// Whether not everything is known of it.
    pub(super) is_open: bool,
}

impl MadeObjects {
    /// Adds a VirtualService.
    pub(super) fn add_route(&mut self, draft: Draft) {
        let spec = serde_json::from_value(draft.spec.clone()).ok().map(Spec::VirtualService);
        let parent = |it: &ApiOrigin| format!("{}/{}.{}", it.kind, it.name, it.namespace);
        let parents: Vec<String> = draft.origins.iter().map(parent).collect();
        let semantics = (SEMANTICS.to_owned(), "gateway".to_owned());
        self.add(Kind::VirtualService, spec, draft, [semantics, (PARENTS.to_owned(), parents.join(","))]);
    }

    /// Adds a Gateway with this annotation.
    pub(super) fn add_gateway(&mut self, draft: Draft, annotation: (String, String)) {
        let spec = serde_json::from_value(draft.spec.clone()).ok().map(Spec::Gateway);
        self.add(Kind::Gateway, spec, draft, [annotation]);
    }

    fn add<const N: usize>(
        &mut self,
        kind: Kind,
        spec: Option<Spec>,
        draft: Draft,
        annotations: [(String, String); N],
    ) {
        // What does not fit the schema of its kind an API server does not store.
        let Some(spec) = spec else { return };
        let id = ObjectId { kind, namespace: draft.namespace, name: draft.name };
        self.origins.insert(id.clone(), draft.origins);
        if draft.is_open {
            self.open.insert(id.clone());
        }
        self.objects.push(Resource {
            id,
            labels: std::iter::empty::<(String, String)>().collect(),
            annotations: annotations.into_iter().collect(),
            spec,
            live: Some(Live { created: draft.created, ..Live::default() }),
        });
    }
}
