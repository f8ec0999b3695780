//! What makes the way of calls uncertain: facts that were not given.
//!
//! A fault is likely then, and that none is found proves nothing.

use std::collections::BTreeSet;

use egress_core::input::Input;

use crate::finding::{CheckOutcome, Readable};
use crate::traffic::routed_call::can_be_followed;
use crate::view::View;
use crate::wording::list;

/// Why nobody knows for certain what becomes of calls, and what a check says that finds nothing wrong.
pub(crate) struct Doubt {
    /// What is assumed.
    pub(crate) because: String,
    /// The outcome where nothing wrong is found.
    pub(crate) outcome: CheckOutcome,
}

/// What makes the way of calls to gateways uncertain; none where all is known.
pub(crate) fn doubt(view: &View<'_>) -> Readable<Option<Doubt>> {
    match can_be_followed(view) {
        Ok(()) | Err(CheckOutcome::NotGiven(_)) => {}
        Err(outcome) => return Err(outcome),
    }
    let missing = missing_facts(view);
    let Some(first) = missing.first() else { return Ok(None) };
    let names: Vec<String> = missing.iter().map(Input::to_string).collect();
    let because = format!("assumed as usual, because not given: {}", list(&names));
    Ok(Some(Doubt { because, outcome: CheckOutcome::NotGiven(*first) }))
}

/// The kinds of facts that were not given, without which no call can be followed to a gateway.
pub(crate) fn missing_facts(view: &View<'_>) -> BTreeSet<Input> {
    let needed = [Input::Services, Input::Pods, Input::Mesh, Input::Gateways];
    let is_missing = |input: &Input| matches!(view.readable(*input), Err(CheckOutcome::NotGiven(_)));
    needed.into_iter().filter(is_missing).collect()
}
