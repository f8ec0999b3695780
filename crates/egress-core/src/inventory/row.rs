//! An egress as `list` shows it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::egress::Egress;
use super::state::{self, State};
use crate::index::Index;
use crate::intent::{GatewayName, GatewayTls, Layout};
use crate::metadata;
use crate::open_to::open_to;
use crate::recorded_policies::{self, PolicyDifference, RecordedPolicy};
use crate::resource::ObjectId;
use crate::snapshot::created;

/// One host in one namespace, as `list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressRow {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: String,
    /// Ports as `443/TLS`, in order of number.
    pub ports: Vec<String>,
    /// The gateway's Service, if the objects tell.
    pub gateway: Option<GatewayName>,
    /// The nodes on which the gateway's ready pods run.
    pub nodes: BTreeSet<String>,
    /// Whole, half-done, changed or foreign.
    #[serde(flatten)]
    pub state: State,
    /// When the first of its objects was created.
    pub created: Option<Timestamp>,
    /// The layout, where it is ours.
    pub layout: Option<Layout>,
    /// The hop, where it is ours.
    pub hop: Option<GatewayTls>,
    /// Who can use it besides those it was opened for, one phrase for each protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open_to: Vec<String>,
    /// Its objects, in the order of writing.
    pub objects: Vec<ObjectId>,
    /// For one that is not ours although its objects say so: which object is not, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why it was asked for.
    pub reason: Option<String>,
    /// Who asked for it.
    pub added_by: Option<String>,
    /// The policies that judged it when it was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<RecordedPolicy>,
    /// What has changed in them since; empty where nobody asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outdated: Vec<PolicyDifference>,
    /// Objects as an earlier version wrote them: other namespaces can take calls of the host at the gateway, until the next
    /// `add` writes them anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<ObjectId>,
}

impl Egress<'_> {
    /// The egress as `list` shows it.
    pub fn row(&self, index: &Index<'_>) -> EgressRow {
        let record = self.readable_record();
        let gateway = self.gateway.as_ref().and_then(|name| index.snapshot().gateway(name));
        EgressRow {
            namespace: self.namespace.clone(),
            host: self.host.to_string(),
            ports: self.ports(),
            gateway: self.gateway.clone(),
            nodes: gateway
                .into_iter()
                .flat_map(|gateway| gateway.ready_pods().filter_map(|pod| pod.node.clone()))
                .collect(),
            state: state::of(self, index),
            created: self.parts.iter().filter_map(|part| created(part.resource)).min(),
            layout: self.layout,
            hop: record.map(|record| record.intent.hop),
            open_to: record.map(|record| open_to(&record.intent)).unwrap_or_default(),
            objects: self.parts.iter().map(|part| part.resource.id.clone()).collect(),
            why: self.why.clone(),
            reason: record.and_then(|record| record.intent.reason.clone()),
            added_by: record.and_then(|record| record.added_by.clone()),
            policies: self.policies(),
            outdated: Vec::new(),
            earlier: state::earlier(self, index),
        }
    }

    /// The policies that judged it; none where the annotation is missing or was changed into something else.
    fn policies(&self) -> Vec<RecordedPolicy> {
        let mut texts =
            self.parts.iter().filter_map(|part| part.resource.annotations.get(metadata::POLICIES));
        texts.next().and_then(|text| recorded_policies::parse(text).ok()).unwrap_or_default()
    }
}
