//! What is asked before the first write, and the answer to a part of it.

use crate::conflict::Conflict;
use crate::dialect::Part;
use crate::index::Index;
use crate::intent::Intent;
use crate::plan::Plan;
use crate::related_resources::RelatedResources;

/// What one command would write, and the facts to check it with.
pub struct Preflight<'s, 'a> {
    /// The objects of the cluster, and those that will be written.
    pub index: &'s Index<'a>,
    /// EnvoyFilters, PeerAuthentications, AuthorizationPolicies and objects of the Gateway API; none where one of the former
    /// two kinds may not be read.
    pub related: Option<&'s RelatedResources>,
    /// What is asked for, with the objects of each request.
    pub wanted: &'s [(&'s Intent, &'s [Part])],
    /// The steps, in order.
    pub plans: &'s [&'s Plan],
}

/// So many refusals are explained: each asks what would be without one object after another.
pub(super) const MOST_REFUSALS: usize = 20;

/// The calls of one question.
#[derive(Default)]
pub(super) struct CheckedCalls {
    pub(super) simulated: usize,
    pub(super) refusals: Vec<Conflict>,
    /// The first requested calls whose way the objects do not tell.
    pub(super) open: Option<String>,
}
