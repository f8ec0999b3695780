//! `add` of one host, in three steps: merge the request with what exists, name its objects, plan the writes.
//!
//! Between the first two the policies are asked for names. What the hosts before this one will write is in the index
//! already.

use thiserror::Error;

use super::existing::Existing;
use crate::conflict::{self, Conflict, Severity};
use crate::dialect::metadata_patch::MetadataPatch;
use crate::dialect::{self, Part, Refusal, Rename};
use crate::host::DnsName;
use crate::index::{Index, Remaining};
use crate::intent::Intent;
use crate::inventory::{Egress, pair, state};
use crate::merge_request::{MergeError, Merged, merge};
use crate::metadata::Record;
use crate::names::ChosenNames;
use crate::plan::{self, Plan, rename};
use crate::resource::ObjectId;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// Why a host is not added.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddError {
    /// The layout cannot do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It contradicts the existing egress of the host.
    #[error(transparent)]
    Merged(#[from] MergeError),
    /// The objects of an egress in use would get other names, and both would conflict.
    #[error(
        "the naming policy now gives the objects of `{host}` other names, and the {layout} layout cannot be renamed in \
         use: found {found}, expected {wanted}"
    )]
    Renamed {
        /// The host.
        host: DnsName,
        /// The namespace of its objects.
        namespace: String,
        /// The layout, in its own word.
        layout: &'static str,
        /// The names in use.
        found: String,
        /// The names of today's policy.
        wanted: String,
    },
    /// Objects are in the way.
    #[error("{}", lines(.0).join("\nand: "))]
    Conflicts(Vec<Conflict>),
}

/// A request, merged with the existing egress of the same host and namespace.
pub struct Requested<'s, 'a> {
    /// What both together ask for, without names.
    pub record: Record,
    /// Its objects under their default names.
    pub parts: Vec<Part>,
    /// The record that exists.
    found: Option<&'s Record>,
    /// The egress that must go first, since old and new would hide each other.
    replaced: Option<&'s Egress<'a>>,
    gateway: &'s GatewayFacts,
}

/// What policies say about the objects of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Names; `None`: no policy names objects, and existing ones keep theirs.
    pub names: Option<ChosenNames>,
    /// Labels and annotations.
    pub metadata: MetadataPatch,
}

/// A request whose objects have their names.
pub struct NamedRequest<'s, 'a> {
    /// What is asked for.
    pub record: Record,
    /// The wanted objects.
    pub parts: Vec<Part>,
    requested: Requested<'s, 'a>,
    metadata: MetadataPatch,
    warnings: Vec<String>,
}

/// The writes for one host.
pub struct Decision {
    /// The plans, in order: a removal first if old and new objects conflict.
    pub plans: Vec<Plan>,
    /// Notes for the user, one sentence each.
    pub warnings: Vec<String>,
}

impl<'s, 'a> Requested<'s, 'a> {
    /// Merges a request with what exists.
    ///
    /// # Errors
    /// [`AddError`] when the layout cannot do it, or existing callers would be cut off.
    pub fn of(
        asked: Record,
        existing: &Existing<'s, 'a>,
        gateway: &'s GatewayFacts,
        mesh: &MeshFacts,
    ) -> Result<Self, AddError> {
        let egress = existing.ours(&asked.intent.host, &asked.intent.namespace);
        let found = egress.and_then(Egress::readable_record);
        let (record, replaced) = match merge(asked, found)? {
            Merged::InPlace(record) => (record, None),
            Merged::Replace(record) => (record, egress),
        };
        let parts = dialect::build(&record, gateway, mesh)?;
        Ok(Requested { record, parts, found, replaced, gateway })
    }

    /// Gives the objects their names. The objects of all egresses of a gateway keep theirs.
    ///
    /// # Errors
    /// [`AddError`] when an egress in use would be renamed that cannot be.
    pub fn named(self, chosen: Chosen, index: &Index<'_>) -> Result<NamedRequest<'s, 'a>, AddError> {
        let all = index.without([]);
        let mut record = self.record.clone();
        let recorded = self.found.map(|found| found.names.clone()).unwrap_or_default();
        record.names = chosen.names.unwrap_or_else(|| recorded.clone());
        let warnings = keep_pair(&mut record, self.gateway, &all);
        if self.replaced.is_none() && self.found.is_some() {
            refuse_rename(&record, &recorded)?;
        }
        let metadata = chosen.metadata;
        let parts = self.build(&record, &metadata, &all)?;
        Ok(NamedRequest { record, parts, requested: self, metadata, warnings })
    }

    /// The objects of a record. New ones get what policies add; the gateway's shared objects keep what they have.
    fn build(
        &self,
        record: &Record,
        metadata: &MetadataPatch,
        cluster: &Remaining<'_, '_>,
    ) -> Result<Vec<Part>, Refusal> {
        let mut parts = dialect::build(record, self.gateway, &cluster.snapshot().mesh)?;
        let is_kept = |part: &&mut Part| part.role.is_of_pair() && cluster.find(&part.resource.id).is_some();
        for part in parts.iter_mut().filter(|part| !is_kept(part)) {
            metadata.apply_to(std::slice::from_mut(part));
        }
        Ok(parts)
    }
}

impl<'s, 'a> NamedRequest<'s, 'a> {
    /// Plans the writes.
    ///
    /// # Errors
    /// [`AddError::Conflicts`] names every object that is in the way.
    pub fn plan(&self, existing: &Existing<'s, 'a>, index: &Index<'a>) -> Result<Decision, AddError> {
        let Requested { found, replaced, gateway, .. } = self.requested;
        let (record, snapshot) = (&self.record, index.snapshot());
        let gone = replaced.into_iter().flat_map(|old| &old.parts).map(|part| part.resource.id.clone());
        let cluster = index.without(gone);
        let left: Vec<ObjectId> = rename::leftovers(&record.intent, &self.parts, &cluster)
            .into_iter()
            .map(|(_, live)| live.id.clone())
            .collect();
        // Objects with old names do not conflict: they route traffic until the new ones are proven, and are deleted then.
        let others = cluster.without(left.iter().cloned());
        let conflicts =
            conflict::find(record, &self.parts, gateway, &others, existing.of_host(&record.intent.host));
        let (refusals, warnings): (Vec<Conflict>, Vec<Conflict>) =
            conflicts.into_iter().partition(|conflict| conflict.severity == Severity::Refusal);
        if !refusals.is_empty() {
            return Err(AddError::Conflicts(refusals));
        }
        let mut decision = Decision { plans: Vec::new(), warnings: lines(&warnings) };
        decision.warnings.extend(self.warnings.iter().cloned());
        if let Some(old) = replaced {
            let wanted = state::wanted(old, snapshot).unwrap_or_default();
            decision.plans.push(plan::remove::plan(old, &wanted, existing.removal_impact(snapshot)));
            decision.warnings.push(format!(
                "{} changes its layout, hop or gateway: calls are refused between the removal of the old objects and the \
                 proof of the new ones",
                old.host
            ));
        }
        let widened = found.filter(|found| replaced.is_none() && found.intent.ports != record.intent.ports);
        let Some(found) = widened.filter(|_| !left.is_empty()) else {
            decision.plans.push(plan::add::plan(&record.intent, &self.parts, &cluster));
            return Ok(decision);
        };
        // The older rule applies until it is deleted, and does not have the new ports: change first the names, then the
        // ports.
        let intent = Intent { ports: found.intent.ports.clone(), ..record.intent.clone() };
        let renamed = Record { intent, ..record.clone() };
        let parts = self.requested.build(&renamed, &self.metadata, &cluster)?;
        decision.plans.push(plan::add::plan(&renamed.intent, &parts, &cluster));
        let after = index.without(left).with(parts.iter().map(|part| &part.resource));
        decision.plans.push(plan::add::plan(&record.intent, &self.parts, &after));
        Ok(decision)
    }
}

/// The gateway's shared objects keep their names: a second set would conflict on the ports of the first.
fn keep_pair(record: &mut Record, gateway: &GatewayFacts, cluster: &Remaining<'_, '_>) -> Vec<String> {
    let mut kept = Vec::new();
    for (role, live) in pair::of(gateway, cluster) {
        let wanted = record.names.object(&record.intent, role);
        if record.intent.layout.dialect().has(role) && wanted != live.id.name {
            record.names.choose(&record.intent, role, &live.id.name);
            kept.push(format!(
                "{} keeps its name, because all egresses of the gateway use it; the naming policy now says {wanted}",
                live.id
            ));
        }
    }
    kept
}

fn refuse_rename(record: &Record, recorded: &ChosenNames) -> Result<(), AddError> {
    let dialect = record.intent.layout.dialect();
    if dialect.rename == Rename::Beside || record.names == *recorded {
        return Ok(());
    }
    let of = |names: &ChosenNames| {
        if names.is_default() { "the default names".to_owned() } else { names.to_text() }
    };
    Err(AddError::Renamed {
        host: record.intent.host.clone(),
        namespace: record.intent.namespace.clone(),
        layout: dialect.word,
        found: of(recorded),
        wanted: of(&record.names),
    })
}

fn lines(conflicts: &[Conflict]) -> Vec<String> {
    let line = |conflict: &Conflict| format!("{} ({}) {}", conflict.object, conflict.field, conflict.message);
    conflicts.iter().map(line).collect()
}
