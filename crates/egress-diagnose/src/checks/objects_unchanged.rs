//! EG035: the objects of the egress say what was asked for.

use egress_core::inventory::{Change, State};

use crate::check::{Check, Code, Hop, Level, Outcome, Run};
use crate::finding::{Finding, Place};
use crate::fixes;
use crate::view::View;
use crate::way::Way;
use crate::words::list;

pub(super) const CHECK: Check = Check {
    code: Code(35),
    name: "no object of the egress was changed",
    level: Level::Warning,
    hop: Hop::Objects,
    inputs: &[],
    docs: "\
## What it checks
The spec of each object against what the record of what was asked for makes of it.

## Why it matters
The way still may work, but it is not what was asked for and reviewed; the next `add` puts it back.

## How to fix
Run the same `add` again to put it back, or `add` what is wanted now.
",
    run: Run::Way(run),
};

fn run(_: &View<'_>, way: &Way<'_>) -> Outcome {
    let changes = match &way.state {
        Some(State::Changed { changes }) => changes,
        Some(State::Ready) => return Outcome::Good(None),
        // What is incomplete is judged as that; only a whole egress is compared.
        Some(State::Incomplete { .. } | State::Foreign) | None => return Outcome::NotApplicable,
    };
    let finding = |change: &Change| Finding {
        code: CHECK.code,
        level: CHECK.level,
        message: match change.managers.as_slice() {
            [] => "the spec is not as it was written".to_owned(),
            managers => format!("the spec was changed by {}", list(managers)),
        },
        object: Place::of(&change.object),
        evidence: Vec::new(),
        consequence: "the egress is not what was asked for".to_owned(),
        fix: fixes::add(way, "writes the objects as they were asked for"),
    };
    Outcome::Bad(changes.iter().map(finding).collect())
}
