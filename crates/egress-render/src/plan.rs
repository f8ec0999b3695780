//! A plan as it is shown before it is confirmed: per host, the objects in the order of writing, and a count.
//!
//! Knows words and layout. What is done and in which order was decided in `egress_core::plan`.

use egress_core::metadata;
use egress_core::plan::Plan;
use egress_core::resource::Resource;

use crate::changes::{self, ObjectChange, Operation};
use crate::escape::escape;
use crate::palette::{Palette, paint};
use crate::table::align;

/// The plans as text, ending in the count. Objects that stay as they are appear in the count only.
pub fn view(plans: &[Plan], palette: &Palette) -> String {
    let changes = changes::of(plans);
    // One table for all hosts, so that the columns stay where they are from host to host.
    let written = changes.iter().flatten().filter(|change| change.operation().is_some());
    let aligned = align(&written.map(row).collect::<Vec<_>>().concat());
    let mut aligned = aligned.lines();
    let mut lines = Vec::new();
    for (plan, changes) in plans.iter().zip(&changes) {
        let operations: Vec<Operation> = changes.iter().filter_map(ObjectChange::operation).collect();
        let title = paint(palette.heading, format!("{} in namespace {}", plan.host, escape(&plan.namespace)));
        let nothing = if operations.is_empty() { ": nothing to do" } else { "" };
        lines.push(format!("{title}{nothing}"));
        let written = changes.iter().filter(|change| change.operation().is_some());
        for ((operation, object), change) in operations.into_iter().zip(&mut aligned).zip(written) {
            lines.push(format!("  {}   {object}", verb(operation, palette)));
            lines.extend(change.wanted.into_iter().flat_map(added));
        }
        lines.push(String::new());
    }
    let count = |operation| changes.iter().flatten().filter(|change| change.operation() == operation).count();
    lines.push(format!(
        "{} to create, {} to update, {} to delete, {} unchanged\n",
        count(Some(Operation::Create)),
        count(Some(Operation::Update)),
        count(Some(Operation::Delete)),
        count(None),
    ));
    lines.join("\n")
}

/// Every verb has six letters, so that it needs no column of its own and can be styled.
fn verb(operation: Operation, palette: &Palette) -> String {
    match operation {
        Operation::Create => paint(palette.good, "create"),
        Operation::Update => paint(palette.warning, "update"),
        Operation::Delete => paint(palette.bad, "delete"),
    }
}

/// The labels and annotations that policies put on an object, a line each: other controllers may act on them.
fn added(object: &Resource) -> Vec<String> {
    let labels = object.labels.iter().map(|pair| ("label", pair));
    let annotations = object.annotations.iter().map(|pair| ("annotation", pair));
    labels
        .chain(annotations)
        .filter(|(_, (key, _))| !metadata::is_our_key(key))
        .map(|(kind, (key, value))| format!("             {kind} {}={}", escape(key), escape(value)))
        .collect()
}

fn row(change: &ObjectChange<'_>) -> String {
    format!("{}\t{}\t{}\n", change.id.kind, escape(&change.id.name), escape(&change.id.namespace))
}
