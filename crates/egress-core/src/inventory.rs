//! The egresses that exist, read back from the objects.
//!
//! Pure. Knows which objects belong together; whether they are whole is in [`state`], what others made by hand is
//! recognised in [`foreign`], and how rows look is in `egress-render`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::conflict::callers;
use crate::host::DnsName;
use crate::intent::{GatewayName, Hop, Layout};
use crate::metadata::{self, Record, RecordError};
use crate::open_to::open_to;
use crate::recorded_policies::{self, Difference, RecordedPolicy};
use crate::resource::{ObjectId, Resource};
use crate::role::Role;
use crate::snapshot::{Snapshot, created};

pub mod answering;
mod foreign;
mod objects;
mod ours;
pub mod pair;
pub mod state;

use foreign::Services;
pub use objects::Objects;
use ours::Claims;
pub use ours::{Impostor, impostors};
pub use state::{Change, State};

/// One host in one namespace, with the objects that exist for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Egress<'a> {
    /// The namespace of its objects.
    pub namespace: String,
    /// The host.
    pub host: DnsName,
    /// The live objects, in the order of writing; a shared pair is not among them.
    pub parts: Vec<LivePart<'a>>,
    /// What was asked for. `None`: the object that holds the record is missing.
    pub record: Option<Result<Record, RecordError>>,
    /// The layout; `None`: not made by this tool.
    pub layout: Option<Layout>,
    /// The gateway's Service, from the record or else from where the mesh leg leads.
    pub gateway: Option<GatewayName>,
    /// For one that is not ours although its objects say so: which object is not, and why.
    pub why: Option<String>,
}

/// One object as it is in the cluster, and the part it plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePart<'a> {
    /// The part.
    pub role: Role,
    /// The object.
    pub resource: &'a Resource,
}

/// One host in one namespace, as `list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
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
    pub hop: Option<Hop>,
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
    pub outdated: Vec<Difference>,
    /// Objects as an earlier version wrote them: other namespaces can take calls of the host at the gateway, until the next
    /// `add` writes them anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<ObjectId>,
}

/// Every egress of the snapshot: ours and those that others made, ordered by namespace and host.
pub fn egresses(snapshot: &Snapshot) -> Vec<Egress<'_>> {
    let services = Services::of(snapshot);
    let claims = Claims::of(snapshot);
    let mut found = foreign::egresses(snapshot, &services, &claims);
    found.extend(ours(claims, &services));
    found.sort_by(|left, right| (&left.namespace, &left.host).cmp(&(&right.namespace, &right.host)));
    found
}

/// The egresses of one namespace, or of all.
pub fn egresses_in<'a>(snapshot: &'a Snapshot, namespace: Option<&str>) -> Vec<Egress<'a>> {
    let mut found = egresses(snapshot);
    found.retain(|egress| namespace.is_none_or(|namespace| egress.namespace == namespace));
    found
}

/// The objects of those egresses that are exactly what their record says: whoever judges the record has judged them.
pub fn objects_of_ready<'a>(snapshot: &'a Snapshot, egresses: &[Egress<'a>]) -> HashSet<&'a ObjectId> {
    let objects = Objects::of(snapshot);
    let ready = egresses.iter().filter(|egress| state::of(egress, &objects) == State::Ready);
    ready.flat_map(|egress| egress.parts.iter().map(|part| &part.resource.id)).collect()
}

/// The rows of `list`.
pub fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let objects = Objects::of(snapshot);
    egresses(snapshot).iter().map(|egress| egress.row(&objects)).collect()
}

impl<'a> Egress<'a> {
    /// The record, where it is there and readable.
    pub fn readable_record(&self) -> Option<&Record> {
        self.record.as_ref().and_then(|record| record.as_ref().ok())
    }

    /// The namespaces whose callers may use it, as far as they are known.
    pub fn callers(&self, snapshot: &Snapshot) -> Vec<String> {
        let own = [".".to_owned()];
        let export_to = self.readable_record().map_or(own.as_slice(), |record| &record.intent.export_to);
        callers(export_to, &self.namespace, snapshot)
    }

    /// Whether it is ours and uses objects that all egresses of its gateway use.
    pub fn uses_gateway_objects(&self) -> bool {
        self.layout.is_some_and(|layout| layout.dialect().has_gateway_objects())
    }

    /// The live object that plays a part.
    pub fn part(&self, role: Role) -> Option<&'a Resource> {
        self.parts.iter().find(|part| part.role == role).map(|part| part.resource)
    }

    /// The egress as `list` shows it.
    pub fn row(&self, objects: &Objects<'_>) -> Row {
        let record = self.readable_record();
        let gateway = self.gateway.as_ref().and_then(|name| objects.snapshot().gateway(name));
        Row {
            namespace: self.namespace.clone(),
            host: self.host.to_string(),
            ports: self.ports(),
            gateway: self.gateway.clone(),
            nodes: gateway
                .into_iter()
                .flat_map(|gateway| gateway.ready_pods().filter_map(|pod| pod.node.clone()))
                .collect(),
            state: state::of(self, objects),
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
            earlier: state::earlier(self, objects),
        }
    }

    /// The policies that judged it; none where the annotation is missing or was changed into something else.
    fn policies(&self) -> Vec<RecordedPolicy> {
        let mut texts =
            self.parts.iter().filter_map(|part| part.resource.annotations.get(metadata::POLICIES));
        texts.next().and_then(|text| recorded_policies::parse(text).ok()).unwrap_or_default()
    }

    /// From the record, else from the first ServiceEntry that is there.
    pub fn ports(&self) -> Vec<String> {
        if let Some(record) = self.readable_record() {
            return record.intent.ports.iter().map(ToString::to_string).collect();
        }
        let entry = self.parts.iter().find_map(|part| part.resource.service_entry());
        let ports = entry.and_then(|entry| entry.ports.as_ref()).into_iter().flatten();
        ports.map(|port| format!("{}/{}", port.number, port.protocol.as_deref().unwrap_or("TCP"))).collect()
    }
}

fn ours<'a>(claims: Claims<'a>, services: &Services<'_>) -> Vec<Egress<'a>> {
    let mut groups: BTreeMap<(&str, DnsName), Vec<LivePart<'a>>> = BTreeMap::new();
    for (resource, role, host) in claims.ours {
        groups.entry((&resource.id.namespace, host)).or_default().push(LivePart { role, resource });
    }
    groups.into_iter().map(|((namespace, host), parts)| egress(namespace, host, parts, services)).collect()
}

fn egress<'a>(
    namespace: &str,
    host: DnsName,
    mut parts: Vec<LivePart<'a>>,
    services: &Services<'_>,
) -> Egress<'a> {
    parts.sort_by_key(|part| part.role);
    let roles: Vec<Role> = parts.iter().map(|part| part.role).collect();
    let holder = |part: &&LivePart<'_>| part.resource.annotations.contains_key(metadata::LAYOUT);
    let record = parts.iter().find(holder).map(|part| Record::read(part.resource));
    let recorded = record.as_ref().and_then(|record| record.as_ref().ok());
    let layout = recorded.map_or_else(|| Layout::of_roles(&roles), |record| record.intent.layout);
    let gateway = recorded
        .map(|record| record.intent.gateway.clone())
        .or_else(|| parts.iter().find_map(|part| services.gateway_of(part.resource)).cloned());
    let why = None;
    Egress { namespace: namespace.to_owned(), host, parts, layout: Some(layout), gateway, record, why }
}
