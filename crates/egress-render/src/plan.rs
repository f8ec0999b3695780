//! A plan as it is shown before it is confirmed: per host, the objects in the order of writing, and a count.
//!
//! Knows words and layout. What is done and in which order was decided in `egress_core::plan`.

use egress_core::plan::{Action, Plan};

use crate::escape::escape;
use crate::palette::{Palette, paint};
use crate::table::align;

/// How many objects are written how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects that do not exist yet.
    pub create: usize,
    /// Objects that differ.
    pub update: usize,
    /// Objects that go.
    pub delete: usize,
    /// Objects that stay as they are.
    pub unchanged: usize,
}

impl Counts {
    /// Counts all steps of all plans.
    pub fn of(plans: &[Plan]) -> Self {
        let mut counts = Counts::default();
        for plan in plans {
            counts.unchanged += plan.unchanged.len();
            for step in &plan.steps {
                match step.action {
                    Action::Create(_) => counts.create += 1,
                    Action::Update { .. } => counts.update += 1,
                    Action::Delete(_) => counts.delete += 1,
                }
            }
        }
        counts
    }

    /// Whether nothing would be written.
    pub fn is_nothing(self) -> bool {
        self.create + self.update + self.delete == 0
    }
}

/// The plans as text, ending in the count.
pub fn view(plans: &[Plan], palette: &Palette) -> String {
    // One table for all hosts, so that the columns stay where they are from host to host.
    let rows: Vec<String> = plans.iter().flat_map(|plan| &plan.steps).map(|step| row(&step.action)).collect();
    let aligned = align(&rows.concat());
    let mut aligned = aligned.lines();
    let mut lines = Vec::new();
    for plan in plans {
        let title = paint(palette.heading, format!("{} in namespace {}", plan.host, escape(&plan.namespace)));
        let nothing = if plan.steps.is_empty() { ": nothing to do" } else { "" };
        lines.push(format!("{title}{nothing}"));
        for (step, object) in plan.steps.iter().zip(&mut aligned) {
            let style = match step.action {
                Action::Create(_) => palette.good,
                Action::Update { .. } => palette.warning,
                Action::Delete(_) => palette.bad,
            };
            lines.push(format!("  {}   {object}", paint(style, step.action.verb())));
        }
        lines.push(String::new());
    }
    let Counts { create, update, delete, unchanged } = Counts::of(plans);
    lines
        .push(format!("{create} to create, {update} to update, {delete} to delete, {unchanged} unchanged\n"));
    lines.join("\n")
}

/// Every verb has six letters, so that it needs no column of its own and can be styled.
fn row(action: &Action) -> String {
    let id = &action.object().id;
    format!("{}\t{}\t{}\n", id.kind, escape(&id.name), escape(&id.namespace))
}
