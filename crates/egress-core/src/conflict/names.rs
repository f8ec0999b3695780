//! Names that are taken: an object of ours for another host, or somebody else's object.

use super::context::Context;
use super::finding::{Conflict, refusal};
use crate::command::ShellCommand;
use crate::dialect::Part;
use crate::host::printable;
use crate::metadata;

pub(super) fn conflicts(context: &Context<'_, '_>) -> Vec<Conflict> {
    context.wanted.iter().filter_map(|part| conflict(part, context)).collect()
}

fn conflict(part: &Part, context: &Context<'_, '_>) -> Option<Conflict> {
    let live = context.cluster.find(&part.resource.id)?;
    let shown = ShellCommand::show(&live.id.kind.qualified(), &live.id.name, &live.id.namespace);
    if !metadata::is_ours(live) {
        let message = "was not made by this plugin, and has the name that this egress needs".to_owned();
        return Some(refusal(live, "metadata.name", message, format!("see it: `{shown}`")));
    }
    let (found, wanted) = (metadata::host(live), metadata::host(&part.resource));
    if found != wanted {
        let message = format!("belongs to host `{}`", printable(found.unwrap_or("<none>")));
        let hint = format!("see it: `{shown}`");
        return Some(refusal(live, "metadata.annotations", message, hint));
    }
    // The pair serves every host of the gateway: an edit for one host would be an edit for all.
    if part.role.is_of_pair() && !part.resource.is_fulfilled_by(live) {
        let message =
            "is a shared object of the gateway and was changed; this plugin never edits it".to_owned();
        let hint = format!("see the difference with `{shown}`, and restore it");
        return Some(refusal(live, "spec", message, hint));
    }
    None
}
