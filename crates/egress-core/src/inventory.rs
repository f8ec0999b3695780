//! The egresses that exist, read back from the objects: one row per host and namespace.
//!
//! Pure. Knows what makes an egress whole, half-done, changed or foreign; how rows look is in `egress-render`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::intent::{GatewayName, Hop, Layout};
use crate::resource::ObjectId;

/// One host in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: String,
    /// Ports as `443/TLS`.
    pub ports: BTreeSet<String>,
    /// The gateway's Service, if the objects tell.
    pub gateway: Option<GatewayName>,
    /// The nodes on which the gateway's ready pods run.
    pub nodes: BTreeSet<String>,
    /// Whole, half-done, changed or foreign.
    pub state: State,
    /// When the first of its objects was created.
    pub created: Option<Timestamp>,
    /// The layout, where it is ours.
    pub layout: Option<Layout>,
    /// The hop, where it is ours.
    pub hop: Option<Hop>,
    /// Its objects, in the order of writing.
    pub objects: Vec<ObjectId>,
    /// Why it was asked for.
    pub reason: Option<String>,
    /// Who asked for it.
    pub added_by: Option<String>,
}

/// What the objects that exist say about an egress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum State {
    /// All objects exist and are as written.
    Ready,
    /// Objects are missing: an `add` or `remove` was cut short, or someone deleted them.
    Incomplete {
        /// What is missing.
        missing: Vec<ObjectId>,
    },
    /// Objects differ from what was written.
    Changed {
        /// Which, and what owns the difference, where that can be told.
        changes: Vec<Change>,
    },
    /// Made by hand or by another tool.
    Foreign,
}

/// One object that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which object.
    pub object: ObjectId,
    /// The field managers other than ours that own a part of its spec.
    pub managers: Vec<String>,
}
