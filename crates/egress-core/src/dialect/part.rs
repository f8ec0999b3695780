//! One object of an egress, with the part it plays.

use crate::metadata::{self, Record};
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::Role;

/// One object of an egress, and its role.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The part.
    pub role: Role,
    /// The object.
    pub resource: Resource,
}

impl Part {
    /// An object of one host, in the namespace of its callers.
    pub(super) fn of_host(record: &Record, role: Role, spec: Spec) -> Self {
        let intent = &record.intent;
        let resource = Resource {
            id: ObjectId {
                kind: role.kind(),
                namespace: intent.namespace.clone(),
                name: record.names.object(intent, role),
            },
            labels: metadata::labels(),
            annotations: metadata::annotations(Some(intent.host.as_str()), role),
            spec,
            live: None,
        };
        Part { role, resource }
    }
}
