//! The egresses that exist, read back from the objects.
//!
//! Pure. Knows which objects belong together; whether they are whole is in [`state`], what others made by hand is
//! recognised in [`foreign`], and how rows look is in `egress-render`.

use std::collections::{BTreeMap, HashSet};

use crate::host::DnsName;
use crate::index::Index;
use crate::intent::Layout;
use crate::metadata::{self, Record};
use crate::resource::ObjectId;
use crate::role::Role;
use crate::snapshot::Snapshot;

pub mod answering;
mod egress;
mod foreign;
mod ours;
pub mod pair;
mod row;
pub mod state;

pub use egress::{Egress, LivePart};
use foreign::Services;
use ours::Claims;
pub use ours::{Impostor, impostors};
pub use row::EgressRow;
pub use state::{ChangedObject, State};

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
    let index = Index::of(snapshot);
    let ready = egresses.iter().filter(|egress| state::of(egress, &index) == State::Ready);
    ready.flat_map(|egress| egress.parts.iter().map(|part| &part.resource.id)).collect()
}

/// The rows of `list`.
pub fn rows(snapshot: &Snapshot) -> Vec<EgressRow> {
    let index = Index::of(snapshot);
    egresses(snapshot).iter().map(|egress| egress.row(&index)).collect()
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
