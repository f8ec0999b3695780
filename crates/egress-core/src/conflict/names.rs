//! Names that are taken: an object of ours for another host, or somebody else's object.

use super::{Conflict, Scene, refusal};
use crate::command::ShellCommand;
use crate::host::printable;
use crate::metadata;
use crate::shape::Part;

pub(super) fn conflicts(scene: &Scene<'_>) -> Vec<Conflict> {
    scene.wanted.iter().filter_map(|part| conflict(part, scene)).collect()
}

fn conflict(part: &Part, scene: &Scene<'_>) -> Option<Conflict> {
    let live = scene.snapshot.find(&part.resource.id)?;
    let shown = ShellCommand::show(&live.id.kind.qualified(), &live.id.name, &live.id.namespace);
    if !metadata::is_ours(live) {
        let message = "was made by someone else and has the name this egress needs".to_owned();
        return Some(refusal(live, "metadata.name", message, format!("look at it: `{shown}`")));
    }
    let (found, wanted) = (metadata::host(live), metadata::host(&part.resource));
    if found != wanted {
        let message = format!("belongs to host `{}`", printable(found.unwrap_or("<none>")));
        let hint = format!("look at it: `{shown}`");
        return Some(refusal(live, "metadata.annotations", message, hint));
    }
    // The pair serves every host of the gateway: an edit for one host would be an edit for all.
    let pair =
        matches!(part.role, crate::role::Role::SharedGateway | crate::role::Role::SharedDestinationRule);
    if pair && !part.resource.is_fulfilled_by(live) {
        let message = "is the gateway's shared pair and was changed; it is never edited".to_owned();
        let hint = format!("see what differs: `{shown}`, and put it back");
        return Some(refusal(live, "spec", message, hint));
    }
    None
}
