//! What a walk finds: the ways of a call, with what is told of some of them beside their ends.

use crate::istio::authorization::Denial;
use crate::istio::call::{End, Passage};

/// The ways of one call.
#[derive(Default)]
pub(super) struct Walked<'w> {
    /// All of them.
    pub(super) found: Vec<Passage>,
    /// The ways that policies end, with the reason.
    pub(super) denied: Vec<(Passage, Denial<'w>)>,
    /// The ways that leave a gateway in mesh mTLS which another proxy has opened, and none has ended.
    pub(super) wrapped: Vec<Passage>,
}

impl Walked<'_> {
    /// The objects do not tell.
    pub(super) fn undecided() -> Self {
        Walked { found: vec![Passage { hops: Vec::new(), end: End::Undecided }], ..Walked::default() }
    }
}
