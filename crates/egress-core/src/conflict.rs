//! What stands in the way of an egress, found before anything is written.
//!
//! Refusals are for what would break the egress, other people's traffic, or the promise that nothing leaves directly.
//! Warnings are for what the layout is immune to but a person should know.

use crate::callers::callers;
use crate::dialect::Part;
use crate::index::Remaining;
use crate::inventory::Egress;
use crate::metadata::Record;
use crate::snapshot::GatewayFacts;

mod answering;
mod at_callers;
mod at_gateway;
mod context;
mod finding;
mod names;
mod takeover;
mod unseen;

use context::Context;
pub use finding::{Conflict, Severity};

/// Everything in the way of these parts, refusals first. `egresses` are those of the same host that exist, in every namespace.
pub fn find<'a>(
    record: &Record,
    wanted: &[Part],
    gateway: &GatewayFacts,
    cluster: &Remaining<'_, 'a>,
    egresses: &[&Egress<'a>],
) -> Vec<Conflict> {
    let snapshot = cluster.snapshot();
    let callers = callers(&record.intent.export_to, &record.intent.namespace, snapshot);
    let context = Context { record, wanted, gateway, cluster, snapshot, egresses, callers };
    let mut found = names::conflicts(&context);
    found.extend(at_callers::conflicts(&context));
    found.extend(at_gateway::conflicts(&context));
    found.extend(takeover::conflicts(&context));
    found.extend(answering::conflicts(&context));
    found.extend(unseen::conflicts(&context));
    found.sort_by_key(|conflict| std::cmp::Reverse(conflict.severity));
    found.dedup();
    found
}
