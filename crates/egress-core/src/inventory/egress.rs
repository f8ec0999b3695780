//! One egress that exists: its objects, and what their record says.

use crate::callers::callers;
use crate::host::DnsName;
use crate::intent::{GatewayName, Layout};
use crate::metadata::{Record, RecordError};
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::Snapshot;

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
